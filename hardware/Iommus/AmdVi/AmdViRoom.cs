using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>AMD-Vi in the catalogue.</summary>
public static class AmdViRoom
{
    /// <summary>Host (v1) page tables for all domains.</summary>
    public const string HostTables = "v1";

    /// <summary>Guest (v2) page tables for DMA domains.</summary>
    public const string GuestTables = "v2";

    /// <summary>A host with secure nested paging.</summary>
    public const string Snp = "snp";

    /// <summary>The first device's firmware entry carries SysMgt=01 (erratum 63).</summary>
    public const string SystemManagement = "sysmgt";

    private const uint FirstDeviceId = 0x100;
    private const int SystemManagementBit = 104;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "amd",
        Title = "AMD-Vi, host and guest page tables",
        Guess = Guess2022.Undecided,
        Variants = [HostTables, GuestTables, Snp, SystemManagement],
        ModelChoices =
        [
            "A request that meets V=1, TV=0 is logged as IO_PAGE_FAULT with PR=0; the manual leaves logging open (LogsTranslationInvalid).",
            "A device ID beyond the device table's size is logged as ILLEGAL_DEV_TABLE_ENTRY (BeyondDeviceTable).",
            "Device table entries are cached without limit until a command drops them, entries with V=0 included, illegal ones not.",
            "A cached page holds what the page table allows; IR and IW of the device table entry are applied at each use.",
            "An address wider than Mode translates, or with bits set in a skipped level, is logged as IO_PAGE_FAULT with PR=0.",
            "Bits 58:52 of a host table entry are reserved, as are a next level that is not below the current one and an encoded size below the level's own.",
            "A guest table translates its whole width without a canonical check, and accessed and dirty marks are not written.",
            "GV=1 while GTEn=0, and GV=1 with Mode other than 0 (nested translation), are illegal device table entries.",
            "With SE set, one IO_PAGE_FAULT is logged for a device until its device table entry is invalidated.",
            "Requests to 0xfee00000-0xfeefffff pass untranslated; interrupt remapping is not modelled.",
            "INVALIDATE_IOMMU_PAGES with GN=0 drops the pages of every PASID of the domain.",
            "INVALIDATE_IOMMU_PAGES acts the same with and without PDE: directory entries are not cached.",
            "Commands take effect at once when the tail is written; device TLBs are not modelled, so no IOTLB_INV_TIMEOUT is ever logged.",
            "A v2 domain's device gets ATS when it supports it; the kernel asks for page requests and PASIDs besides.",
            "The completion semaphore and the command head are polled a few times (PollLimit), not two million times; then the driver goes on, as the kernel does.",
        ],
        Features =
        [
            new("Device table with cached entries", IsModelled: true),
            new("Host page tables, 1 to 6 levels, every page size", IsModelled: true, "replicated entries included"),
            new("Guest page tables behind a GCR3 table", IsModelled: true, "4 and 5 levels"),
            new("Command buffer: completion wait, device entries, pages, IOTLB, interrupt table, all", IsModelled: true),
            new("Event log with overflow", IsModelled: true),
            new("Exclusion range, system management bits, SNP", IsModelled: true, "erratum 63 included"),
            new("Nested translation (GV with Mode above 0)", IsModelled: false, "an illegal entry"),
            new("Peripheral page requests, guest APIC, interrupt remapping", IsModelled: false, "not there"),
            new("Device TLBs", IsModelled: false, "IOTLB commands succeed"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var snp = options.Variant == Snp;
        var features = snp ? AmdViFeatures.Default.WithSnp() : AmdViFeatures.Default;
        var driverOptions = new AmdViDriverOptions
        {
            GuestPageTables = options.Variant == GuestTables,
            Snp = snp,
            Features = features,
            FirmwareBits = options.Variant == SystemManagement ? [((ushort)FirstDeviceId, SystemManagementBit)] : [],
        };
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory);
        var silicon = new AmdViIommu("amd-iommu", memory, new AmdViIommuOptions { Features = features, Iotlb = options.Iotlb });
        var driver = new AmdViDriver(memory, frames, options.Kernel, driverOptions);
        return new Platform(new Bus(memory, silicon), frames, driver, index =>
        {
            var limit = driverOptions.LastDeviceId - (int)FirstDeviceId;
            if (index < 0 || index > limit)
                throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {limit}");
            var id = new StreamId(FirstDeviceId + (uint)index);
            return new DmaDevice(id.ToPci(), id);
        });
    }
}
