using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>CBAR: the kind of a context bank.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, ARM_SMMU_CBAR_*.</remarks>
/// <param name="Raw">The register.</param>
public readonly record struct ContextBankAttributes(uint Raw)
{
    /// <summary>IRPTNDX 31:24, SMMUv1: which context interrupt the bank raises.</summary>
    public int Interrupt { get => ((ulong)Raw).Number(31, 24); init => Raw = (uint)((ulong)Raw).With(31, 24, (ulong)value); }

    /// <summary>TYPE 17:16.</summary>
    public ContextBankType Type { get => (ContextBankType)((ulong)Raw).Number(17, 16); init => Raw = (uint)((ulong)Raw).With(17, 16, (ulong)value); }

    /// <summary>MEMATTR 15:12, stage 1: 15 is write-back.</summary>
    public int MemoryAttributes { get => ((ulong)Raw).Number(15, 12); init => Raw = (uint)((ulong)Raw).With(15, 12, (ulong)value); }

    /// <summary>BPSHCFG 9:8, stage 1: 3 is non-shareable.</summary>
    public int Shareability { get => ((ulong)Raw).Number(9, 8); init => Raw = (uint)((ulong)Raw).With(9, 8, (ulong)value); }

    /// <summary>VMID 7:0.</summary>
    public byte Vmid { get => (byte)Raw; init => Raw = (uint)((ulong)Raw).With(7, 0, value); }
}
