namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>What firmware (IVRS), the kernel's command line and the platform tell the driver.</summary>
public sealed record AmdViDriverOptions
{
    /// <summary>The highest device ID that IVRS names; the device table holds all up to it. At most 0xffff.</summary>
    public ushort LastDeviceId { get; init; } = 0x0fff;

    /// <summary>amd_iommu=pgtbl_v2: DMA domains use guest (v2) page tables.</summary>
    public bool GuestPageTables { get; init; }

    /// <summary>Levels of guest page tables: 4, or with 6.12 also 5.</summary>
    public int GuestLevels { get; init; } = 4;

    /// <summary>Secure nested paging is enabled on the host (amd_iommu_snp_en): TV is left out where no domain is set.</summary>
    public bool Snp { get; init; }

    /// <summary>The IVRS says that non-present entries are cached (NpCache): the IOMMU is a virtual one, and mappings are flushed, too.</summary>
    public bool NonPresentCache { get; init; }

    /// <summary>Interrupts are remapped: every entry gets IV at boot (init_device_table). The silicon here does not look at it.</summary>
    public bool InterruptRemapping { get; init; } = true;

    /// <summary>Whether ATS is used (the IVRS's IotlbSup).</summary>
    public bool Ats { get; init; } = true;

    /// <summary>The extended features that the driver goes by until <see cref="AmdViDriver.Probe"/> has read the register.</summary>
    public AmdViFeatures Features { get; init; } = AmdViFeatures.Default;

    /// <summary>Device table entry bits that the IVRS sets for devices, such as 104 (SysMgt=01): device ID and bit number.</summary>
    public IReadOnlyList<(ushort DeviceId, int Bit)> FirmwareBits { get; init; } = [];

    /// <summary>Exclusion range of the IVRS (IVMD), first and last address; null for none.</summary>
    public (ulong First, ulong Last)? Exclusion { get; init; }

    /// <summary>Unsuccessful polls of the completion semaphore or of the command head before the driver gives up (Linux: LOOP_TIMEOUT, 2,000,000).</summary>
    public int PollLimit { get; init; } = 5;
}
