using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The driver's side of the device table: the only writer of its entries.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/iommu.c, set_dte_entry, clear_dte_entry (:1657), clone_alias; init.c, init_device_table_dma (:2607),
/// amd_iommu_apply_erratum_63 (:1170). Entries are written by 64-bit stores, also in 6.12.</remarks>
internal sealed class AmdViDeviceTable
{
    private const int SystemManagementShift = 40;
    private const ulong ErratumSystemManagement = 1;
    private readonly PhysicalMemory _memory;
    private readonly AmdViDriverOptions _options;
    private readonly KernelVersion _kernel;
    private readonly int _entries;

    public AmdViDeviceTable(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, AmdViDriverOptions options)
    {
        (_memory, _kernel, _options) = (memory, kernel, options);
        _entries = options.LastDeviceId + 1;
        Size = ((ulong)_entries * AmdViDeviceTableEntry.Size + 0xfff) & ~0xfffUL;
        Address = frames.Allocate(Size);
    }

    /// <summary>Where the table lies.</summary>
    public ulong Address { get; }

    /// <summary>Bytes, a multiple of 4 KiB.</summary>
    public ulong Size { get; }

    private ulong Blocking => AmdViDeviceTableEntry.ValidBit | (_options.Snp ? 0 : AmdViDeviceTableEntry.TranslationValidBit);

    /// <summary>Every entry blocks before the IOMMU is enabled: V, and TV unless SNP is on.</summary>
    public IEnumerable<DriverStep> Initialise()
    {
        for (var id = 0; id < _entries; id++)
        {
            yield return Store((ushort)id, 0, Read((ushort)id, 0) | Blocking);
            if (_options.InterruptRemapping)
                yield return Store((ushort)id, 2, Read((ushort)id, 2) | AmdViDeviceTableEntry.InterruptValidBit);
        }
    }

    /// <summary>Sets one bit, counted over the whole entry, and applies erratum 63 (set_dev_entry_from_acpi).</summary>
    public IEnumerable<DriverStep> SetFirmwareBit(ushort id, int bit)
    {
        yield return Store(id, bit >> 6, Read(id, bit >> 6) | (1UL << (bit & 63)));
        foreach (var step in ApplyErratum63(id))
            yield return step;
    }

    /// <summary>The DomainID that an entry holds.</summary>
    public ushort DomainOf(ushort id) => (ushort)Read(id, 1);

    /// <summary>Points an entry to a domain: word 1 first, then word 0.</summary>
    public IEnumerable<DriverStep> Set(AmdViDeviceData data, AmdViDomain domain, AmdViFeatures features)
    {
        var id = data.DeviceId;
        var paging = domain.Paging;
        if (_kernel != KernelVersion.Linux61)
            paging = paging with { Gcr3Table = data.Gcr3?.Root, Glx = data.Gcr3?.Glx ?? 0, GuestIo = domain.IsGuest };
        var domainId = data.Gcr3?.DomainId ?? domain.Id;
        var word0 = paging.Root | ((ulong)paging.Mode << AmdViDeviceTableEntry.ModeShift)
            | AmdViDeviceTableEntry.ReadBit | AmdViDeviceTableEntry.WriteBit | AmdViDeviceTableEntry.ValidBit;
        if (!_options.Snp || domainId != 0)
            word0 |= AmdViDeviceTableEntry.TranslationValidBit;
        var word1 = Read(id, 1);
        if (data.AtsEnabled)
            word1 |= AmdViDeviceTableEntry.AtsBit;
        if (data.Device.PriSupported && features.EnhancedPageRequests)
            word0 |= AmdViDeviceTableEntry.PageRequestBit;
        if (paging.Gcr3Table is { } table)
        {
            var (part0, part1) = AmdViDeviceTableEntry.EncodeGcr3(table);
            word0 |= AmdViDeviceTableEntry.GuestValidBit | ((ulong)paging.Glx << AmdViDeviceTableEntry.GlxShift) | part0;
            word1 = (word1 & ~AmdViDeviceTableEntry.Gcr3Mask1) | part1;
            if (paging.GuestIo)
                word0 |= AmdViDeviceTableEntry.GuestIoBit;
            if (_options.GuestLevels == 5)
                yield return Store(id, 2, Read(id, 2) | (1UL << AmdViDeviceTableEntry.GuestPagingShift));
        }

        yield return Store(id, 1, (word1 & ~AmdViDeviceTableEntry.DomainMask) | domainId);
        yield return Store(id, 0, word0);
    }

    /// <summary>The value that a detach leaves: no translation, IR and IW clear. It blocks.</summary>
    public IEnumerable<DriverStep> Clear(ushort id)
    {
        yield return Store(id, 0, AmdViDeviceTableEntry.ValidBit);
        if (!_options.Snp)
            yield return Store(id, 0, Blocking);
        yield return Store(id, 1, Read(id, 1) & AmdViDeviceTableEntry.KeptMask);
        foreach (var step in ApplyErratum63(id))
            yield return step;
    }

    /// <summary>Copies a device's entry to its DMA aliases.</summary>
    public IEnumerable<DriverStep> CloneAliases(AmdViDeviceData data)
    {
        foreach (var alias in data.Aliases)
        {
            for (var word = 0; word < 4; word++)
                yield return Store(alias, word, Read(data.DeviceId, word));
        }
    }

    // A device whose SysMgt is 01 keeps IW.
    private IEnumerable<DriverStep> ApplyErratum63(ushort id)
    {
        if (((Read(id, 1) >> SystemManagementShift) & 3) == ErratumSystemManagement)
            yield return Store(id, 0, Read(id, 0) | AmdViDeviceTableEntry.WriteBit);
    }

    private ulong AddressOf(ushort id, int word) => Address + (id * AmdViDeviceTableEntry.Size) + ((ulong)word << 3);

    private ulong Read(ushort id, int word) => _memory.Read64(AddressOf(id, word));

    private DriverStep Store(ushort id, int word, ulong value) => DriverStep.Store(AddressOf(id, word), value, $"DTE 0x{id:x} q{word}");
}
