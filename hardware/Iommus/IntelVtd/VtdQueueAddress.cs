namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The invalidation queue address register, offset 0x90.</summary>
/// <param name="Raw">63:12 address, 11 DW, 2:0 QS.</param>
public readonly record struct VtdQueueAddress(ulong Raw)
{
    /// <summary>Descriptors of 256 bits (DW).</summary>
    public const ulong WideDescriptors = 1UL << 11;

    /// <summary>The queue.</summary>
    public ulong Address => Raw & ~0xfffUL;

    /// <summary>log2 of the bytes of a descriptor: 4 or 5.</summary>
    public int DescriptorShift => (Raw & WideDescriptors) != 0 ? 5 : 4;

    /// <summary>Bytes of the queue (QS: 2^QS pages).</summary>
    public ulong Size => 4096UL << (int)(Raw & 7);
}
