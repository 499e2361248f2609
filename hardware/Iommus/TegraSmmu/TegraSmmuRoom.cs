using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>NVIDIA's Tegra SMMU in the catalogue.</summary>
public static class TegraSmmuRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "tegra-smmu",
        Title = "NVIDIA Tegra memory-controller SMMU (Tegra 3, 4, K1, X1)",
        Guess = Guess2022.Undecided,
        Variants = [.. TegraSmmuHardware.All.Select(hardware => hardware.Name)],
        ModelChoices =
        [
            "A client whose unit, gate or swgroup is off is untranslated, whichever of the three it is; stale TLB entries are not looked at then.",
            "A client that is in no swgroup is never translated; the GPU's gates read as closed and ignore writes.",
            "Readable and writable of PTB_DATA, directory entry and table entry restrict one another; the attributes that MC_ERR_STATUS reports are what is left of them, with the last entry's non-secure bit.",
            "A directory entry without NEXT is a leaf of 4 MiB, which Linux never makes.",
            "While MC_INTSTATUS shows a fault, MC_ERR_STATUS and MC_ERR_ADR keep the first record; further faults are counted (option KeepsFirstFault; false overwrites).",
            "A translated client's address beyond 32 bits is refused as a translation error without attributes.",
            "An address without memory behind it, a table's as well as the DMA's own, is an EMEM decode error of the client.",
            "The TLB keeps what a walk found even if this DMA is refused for want of permission; absent entries are not kept. The page-table cache keeps whatever it read, absent entries too.",
            "Size and shape of the TLB are the platform's, TLB_CONFIG does not change them; the page-table cache keeps 64 atoms (option PtcAtoms) and is emptied when full, without limit when the TLB has none.",
            "SMMU_PTC_CONFIG bit 29 cleared: the cache is neither read nor filled, and keeps its content. PTB_ASID and the ASID registers use as many low bits as there are ASIDs.",
            "The kernel's map follows a null pointer on a domain that is attached to nothing; here it returns -ENODEV, or, on a domain that was told its SMMU beforehand, it stores the entry and flushes the page-table cache only.",
            "An unmap of what has a table, and a detach, are null pointers in the kernel, too, when the domain is attached to nothing: the sequence ends there (the unmap's only where the domain was not told its SMMU).",
        ],
        Features =
        [
            new("Gates of clients, ASID registers of swgroups", IsModelled: true, "all clients and swgroups of the four chips"),
            new("Page directories by ASID (PTB_ASID, PTB_DATA)", IsModelled: true, "4 or 128"),
            new("Two-level tables, leaves of 4 KiB and 4 MiB", IsModelled: true),
            new("TLB, flushed by ASID, section and group", IsModelled: true),
            new("Page-table cache of atoms, flushed by physical address", IsModelled: true, "stale until flushed, as the TLB"),
            new("Error record and interrupt of the memory controller", IsModelled: true, "translation and EMEM decode errors"),
            new("TrustZone and carveout violations", IsModelled: false, "nothing is secure"),
            new("AHB switch (SMMU_INIT_DONE)", IsModelled: false, "AHB masters are translated like all others"),
            new("Hit under miss, arbitration, request limit", IsModelled: false, "bits without effect"),
            new("Client hot reset, statistics", IsModelled: false, "not there"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = TegraSmmuHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var silicon = new TegraSmmuIommu("smmu", memory, hardware, new TegraSmmuOptions { Iotlb = options.Iotlb });
        var frames = options.AllocateFrames(memory, hardware.AddressBits);
        var driver = new TegraSmmuDriver(options.Kernel, hardware, memory, frames);

        // One swgroup a device, one device a group.
        var units = hardware.Swgroups
            .Where(swgroup => !swgroup.GatesAreReadOnly && (swgroup.Name == hardware.SharedGroup[0] || !hardware.SharedGroup.Contains(swgroup.Name, StringComparer.Ordinal)))
            .ToArray();
        return new Platform(new Bus(memory, silicon), frames, driver, index => index < units.Length
            ? new DmaDevice(units[index].Name, [.. units[index].Clients.Select(client => new StreamBinding(0, new StreamId((uint)client)))])
            : throw new ArgumentOutOfRangeException(nameof(index), $"{hardware.Name} has {units.Length} swgroups that are groups of their own, there is no device {index}"));
    }
}
