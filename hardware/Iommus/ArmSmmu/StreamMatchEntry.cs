using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>SMR: which streams the S2CR of the same number is for.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, ARM_SMMU_SMR_*.</remarks>
/// <param name="Raw">The register.</param>
public readonly record struct StreamMatchEntry(uint Raw)
{
    /// <summary>VALID 31, without sCR0.EXIDENABLE.</summary>
    public bool Valid { get => ((ulong)Raw).Bit(31); init => Raw = (uint)((ulong)Raw).With(31, value); }

    /// <summary>MASK 30:16: StreamID bits that are not compared.</summary>
    public ushort Mask { get => (ushort)((ulong)Raw).Bits(30, 16); init => Raw = (uint)((ulong)Raw).With(30, 16, value); }

    /// <summary>MASK 31:16, with sCR0.EXIDENABLE.</summary>
    public ushort ExtendedMask { get => (ushort)(Raw >> 16); init => Raw = (uint)((ulong)Raw).With(31, 16, value); }

    /// <summary>ID 15:0.</summary>
    public ushort Id { get => (ushort)Raw; init => Raw = (uint)((ulong)Raw).With(15, 0, value); }
}
