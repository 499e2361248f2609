using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>What can vary between instances.</summary>
public sealed record SprdOptions
{
    /// <summary>Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Whether DMA passes while CFG.EN is clear; false refuses it. No source states either: the bit is named enable, and masters work before a driver is bound.</summary>
    public bool PassesWhileDisabled { get; init; } = true;

    /// <summary>CFG after reset, without the version: firmware may leave <see cref="SprdRegisters.OutOfRangeBypass"/> set.</summary>
    public uint ResetConfiguration { get; init; }
}
