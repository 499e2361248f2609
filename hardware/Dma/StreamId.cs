namespace Emulator.Hardware.Dma;

/// <summary>The identity that a DMA carries on the bus: a PCI requester ID (bus:device.function in 16 bits), an SMMU StreamID, a DART SID.</summary>
/// <param name="Value">0 to 2^32 - 1; each IOMMU has its own narrower limit.</param>
public readonly record struct StreamId(uint Value)
{
    /// <summary>Makes a PCI requester ID.</summary>
    /// <param name="bus">0 to 255.</param>
    /// <param name="device">0 to 31.</param>
    /// <param name="function">0 to 7.</param>
    public static StreamId Pci(int bus, int device, int function) => new((uint)(((bus & 0xff) << 8) | ((device & 0x1f) << 3) | (function & 7)));

    /// <summary>The bus number of a PCI requester ID.</summary>
    public byte Bus => (byte)(Value >> 8);

    /// <summary>Device and function of a PCI requester ID in one byte.</summary>
    public byte DevFn => (byte)Value;

    /// <summary>The ID in PCI notation, bus:device.function.</summary>
    public string ToPci() => $"{Bus:x2}:{DevFn >> 3:x2}.{DevFn & 7}";

    /// <inheritdoc/>
    public override string ToString() => $"0x{Value:x}";
}
