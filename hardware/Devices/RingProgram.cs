namespace Emulator.Hardware.Devices;

/// <summary>A network card with a receive and a transmit ring of descriptors.</summary>
/// <remarks>What CPU and interrupts take is a [model] choice.</remarks>
public sealed record RingProgram : DeviceProgram
{
    /// <summary>Packets received, at least 0.</summary>
    public long Received { get; init; } = 10_000;

    /// <summary>Packets sent, at least 0.</summary>
    public long Sent { get; init; } = 10_000;

    /// <summary>Bytes of a packet, 64 to 4096.</summary>
    public int PacketSize { get; init; } = 1500;

    /// <summary>Descriptors of each ring, a power of two from 8 to 4096.</summary>
    public int RingSize { get; init; } = 256;

    /// <summary>Whether receive buffers are mapped once and used again (a page pool); else each packet's is mapped and unmapped. Sent packets always are.</summary>
    public bool UsesPagePool { get; init; }

    /// <summary>The wire's rate in each direction, in Gbit/s.</summary>
    public double WireRate { get; init; } = 10;

    /// <summary>What the CPU does for a packet besides the DMA API, in nanoseconds.</summary>
    public double CpuPerPacket { get; init; } = 150;

    /// <summary>From a completion in memory until the CPU polls, in nanoseconds.</summary>
    public double InterruptDelay { get; init; } = 2_000;

    /// <summary>Bytes of a descriptor. [model]</summary>
    internal const int DescriptorBytes = 16;

    /// <inheritdoc/>
    public override string Kind => "ring";

    /// <inheritdoc/>
    public override string Operation => "packet";

    /// <inheritdoc/>
    public override ulong Pages(ulong pageSize) => 2 * ((ulong)RingSize + PagesOf(RingSize * DescriptorBytes, pageSize));

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check("received", Received, 0, long.MaxValue);
        Check("sent", Sent, 0, long.MaxValue);
        if (Received + Sent == 0)
            throw new ArgumentException("no packet is received and none is sent");
        Check("packet size", PacketSize, 64, 4096);
        Check("ring size", RingSize, 8, 4096);
        if (!int.IsPow2(RingSize))
            throw new ArgumentException($"ring size {RingSize} is no power of two");
        if (!(WireRate is > 0 and <= 10_000))
            throw new ArgumentException($"wire rate {WireRate} is outside 0 to 10000 Gbit/s");
        CheckTime("CPU per packet", CpuPerPacket, 1e9);
        CheckTime("interrupt delay", InterruptDelay, 1e9);
    }

    /// <inheritdoc/>
    public override DeviceAgent Create(DeviceContext context) => new RingAgent(this, context);
}
