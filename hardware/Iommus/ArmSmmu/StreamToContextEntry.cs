using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>S2CR: what becomes of the streams that the SMR of the same number matches.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, ARM_SMMU_S2CR_*.</remarks>
/// <param name="Raw">The register.</param>
public readonly record struct StreamToContextEntry(uint Raw)
{
    /// <summary>TYPE 17:16.</summary>
    public StreamType Type { get => (StreamType)((ulong)Raw).Number(17, 16); init => Raw = (uint)((ulong)Raw).With(17, 16, (ulong)value); }

    /// <summary>CBNDX 7:0: the context bank.</summary>
    public int Bank { get => ((ulong)Raw).Number(7, 0); init => Raw = (uint)((ulong)Raw).With(7, 0, (ulong)value); }

    /// <summary>EXIDVALID 10: the entry's SMR is valid, with sCR0.EXIDENABLE.</summary>
    public bool ExtendedIdValid { get => ((ulong)Raw).Bit(10); init => Raw = (uint)((ulong)Raw).With(10, value); }

    /// <summary>PRIVCFG 25:24.</summary>
    public StreamPrivilege Privilege { get => (StreamPrivilege)((ulong)Raw).Number(25, 24); init => Raw = (uint)((ulong)Raw).With(25, 24, (ulong)value); }
}
