namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>GBPA, <see cref="ArmSmmuV3Registers.Gbpa"/>: a write takes effect only with <see cref="Update"/> set, which reads zero when it has.</summary>
/// <param name="Raw">The register.</param>
public readonly record struct GlobalBypass(uint Raw)
{
    /// <summary>UPDATE, bit 31.</summary>
    public const uint Update = 1u << 31;

    /// <summary>ABORT, bit 20, as a mask.</summary>
    public const uint AbortMask = 1u << 20;

    /// <summary>ABORT, bit 20: DMA is aborted without an event while SMMUEN is 0.</summary>
    public bool Abort => (Raw & AbortMask) != 0;
}
