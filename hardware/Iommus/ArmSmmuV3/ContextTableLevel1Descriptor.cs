using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>First-level descriptor of a two-level CD table (L1CD), 8 bytes.</summary>
/// <param name="Raw">The word.</param>
public readonly record struct ContextTableLevel1Descriptor(ulong Raw)
{
    /// <summary>Bytes of a descriptor.</summary>
    public const int Size = 8;

    /// <summary>V 0.</summary>
    public bool Valid { get => Raw.Bit(0); init => Raw = Raw.With(0, value); }

    /// <summary>L2Ptr 51:12: the leaf table.</summary>
    public ulong LeafTable { get => Raw.InPlace(51, 12); init => Raw = Raw.With(51, 12, value >> 12); }
}
