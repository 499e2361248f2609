namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>IMUCTR: control of one micro-TLB, the port of one master. All zero: its DMA is not translated.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/ipmmu-vmsa.c:164-173, IMUCTR_*.</remarks>
public readonly record struct MicroTlbControl(uint Raw)
{
    /// <summary>MMUEN: translate.</summary>
    public const uint EnableBit = 1 << 0;

    /// <summary>FLUSH: drop what this micro-TLB holds. Clears itself.</summary>
    public const uint FlushBit = 1 << 1;

    /// <summary>Translate.</summary>
    public bool Enabled => (Raw & EnableBit) != 0;

    /// <summary>Drop what this micro-TLB holds.</summary>
    public bool Flush => (Raw & FlushBit) != 0;

    /// <summary>TTSEL, bits 7:4: the context.</summary>
    public int Context => (int)(Raw >> 4) & 0xf;

    /// <summary>Enabled for a context, and flushed: what Linux writes at an attach.</summary>
    public static MicroTlbControl Select(int context) => new(((uint)context << 4) | FlushBit | EnableBit);
}
