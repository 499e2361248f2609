using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>First-level descriptor of a two-level stream table, 8 bytes.</summary>
/// <param name="Raw">The word.</param>
public readonly record struct StreamTableLevel1Descriptor(ulong Raw)
{
    /// <summary>Bytes of a descriptor.</summary>
    public const int Size = 8;

    /// <summary>L2Ptr 51:6: the second-level table.</summary>
    public ulong Level2Table { get => Raw.InPlace(51, 6); init => Raw = Raw.With(51, 6, value >> 6); }

    /// <summary>Span 4:0: s &gt; 0 means 2^(s-1) entries; 0 means that no stream of this descriptor exists.</summary>
    public int Span { get => Raw.Number(4, 0); init => Raw = Raw.With(4, 0, (ulong)value); }
}
