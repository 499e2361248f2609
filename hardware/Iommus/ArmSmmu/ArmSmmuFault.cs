namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>What a request is refused for: the bits of a context bank's FSR, and with <see cref="Global"/> those of sGFSR. This is the code of the fault records.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.h, ARM_SMMU_FSR_* and ARM_SMMU_sGFSR_*.</remarks>
[Flags]
public enum ArmSmmuFault : ushort
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>FSR.TF: no translation.</summary>
    Translation = 1 << 1,

    /// <summary>FSR.AFF: the access flag is clear.</summary>
    AccessFlag = 1 << 2,

    /// <summary>FSR.PF: mapped, not permitted.</summary>
    Permission = 1 << 3,

    /// <summary>FSR.EF: a table could not be read.</summary>
    External = 1 << 4,

    /// <summary>FSR.ASF: an output or table address is too wide.</summary>
    AddressSize = 1 << 7,

    /// <summary>A bit of sGFSR rather than FSR.</summary>
    Global = 1 << 15,

    /// <summary>sGFSR.ICF: the stream's entry is of type fault.</summary>
    InvalidContext = Global | 1 << 0,

    /// <summary>sGFSR.USF: no entry matches the stream.</summary>
    UnidentifiedStream = Global | 1 << 1,

    /// <summary>sGFSR.SMCF: several entries match the stream.</summary>
    StreamMatchConflict = Global | 1 << 2,

    /// <summary>sGFSR.UCBF: the entry names a context bank that does not exist.</summary>
    UnimplementedBank = Global | 1 << 3,

    /// <summary>sGFSR.UUT: a kind of request that the SMMU does not take.</summary>
    UnsupportedTransaction = Global | 1 << 8,
}
