using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>What TrustZone does for the driver (SCM calls). It owns the global registers and the streams' routing; nothing of that is visible to Linux.</summary>
/// <remarks>Source: Linux 6.1 drivers/firmware/qcom_scm.c, qcom_scm_restore_sec_cfg and qcom_scm_iommu_secure_ptbl_init.</remarks>
public sealed record QcomFirmware
{
    /// <summary>Restores the secure configuration of a bank: the IOMMU's secure id, the bank.</summary>
    public Func<int, int, Errno> RestoreSecureConfiguration { get; init; } = (_, _) => Errno.None;

    /// <summary>Takes memory for the page tables of secure banks: address, bytes.</summary>
    public Func<ulong, ulong, Errno> InitialiseSecureTables { get; init; } = (_, _) => Errno.None;

    /// <summary>Bytes that it asks for these tables.</summary>
    public ulong SecureTableBytes { get; init; } = 0x8000;
}
