using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>VT-d in the catalogue.</summary>
public static class IntelVtdRoom
{
    /// <summary>Context entries with second-level tables.</summary>
    public const string Legacy = "legacy";

    /// <summary>PASID entries with second-level tables only.</summary>
    public const string ScalableSecondLevel = "scalable-sl";

    /// <summary>PASID entries with first-level tables only.</summary>
    public const string ScalableFirstLevel = "scalable-fl";

    private const uint FirstSource = 0x100;
    private const int Devices = 0xff00;
    private const ulong FirstLevelSupport = 1UL << 47;
    private const ulong SecondLevelSupport = 1UL << 46;
    private const ulong NestedSupport = 1UL << 26;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "intel",
        Title = "Intel VT-d, legacy and scalable mode",
        Guess = Guess2022.Blocking,
        Variants = [Legacy, ScalableSecondLevel, ScalableFirstLevel],
        ModelChoices =
        [
            "IOTLB entries match by source id and are looked up before the context cache; they are invalidated by the domain id of their fill (IotlbMatchesSource).",
            "A device-selective context invalidation needs the entry's domain id as well in legacy mode (ContextInvalidationMatchesDomain).",
            "Context cache and PASID cache have no limit; what is not present is cached only in caching mode, under domain 0.",
            "A second-level IOTLB entry that lacks a permission refuses without another walk; a first-level one is walked again.",
            "Paging-structure caches and device TLBs are not modelled: a miss reads every level, a device-TLB invalidation succeeds unless the device is listed as silent.",
            "Faults of one source are recorded each on its own (MergesFaultsOfSource).",
            "Register-based invalidations are ignored while the queue is on.",
            "Reads of 0xfeexxxxx are refused with 0x0e or 0x87; writes reach the interrupt controller untranslated, whether remapping is on or not.",
            "An address beyond the unit's width is 0x83 in scalable mode, one beyond the table's width 0x84.",
            "Protected memory regions have 2 MiB granularity and hold only while translation is off; a refusal there is not recorded.",
            "Pass-through refuses addresses beyond the entry's width.",
        ],
        Features =
        [
            new("Legacy mode: root and context tables, second-level tables", IsModelled: true, "4 and 5 levels, 2 MiB and 1 GiB pages"),
            new("Scalable mode: PASID directories and tables, first level, second level, nested, pass-through", IsModelled: true),
            new("Queued and register-based invalidation, context, PASID and IOTLB caches", IsModelled: true, "caching mode and write-buffer flush included"),
            new("Fault recording registers with overflow", IsModelled: true, "every reason code that the tables can cause"),
            new("Protected memory regions", IsModelled: true, "2 MiB granularity"),
            new("Paging-structure caches", IsModelled: false, "a miss reads every level"),
            new("Interrupt remapping, posted interrupts", IsModelled: false, "not there"),
            new("Page requests, device TLBs", IsModelled: false, "device-TLB invalidations succeed"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var scalable = options.Variant != Legacy;
        var extended = IntelVtdOptions.LegacyExtendedCapability;
        if (scalable)
        {
            extended = IntelVtdOptions.ScalableExtendedCapability & ~NestedSupport
                & ~(options.Variant == ScalableFirstLevel ? SecondLevelSupport : FirstLevelSupport);
        }

        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory);
        var silicon = new IntelVtdIommu(
            memory,
            new IntelVtdOptions
            {
                Capability = new VtdCapability(scalable ? IntelVtdOptions.ScalableCapability : IntelVtdOptions.LegacyCapability),
                ExtendedCapability = new VtdExtendedCapability(extended),
            },
            options.Iotlb);
        var driver = new IntelVtdDriver(memory, frames, options.Kernel, 1, new IntelVtdDriverOptions { IdentityRanges = [.. memory.Ram] });
        return new Platform(new Bus(memory, silicon), frames, driver, index =>
        {
            if (index is < 0 or >= Devices)
                throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {Devices - 1}");
            return new DmaDevice($"pci{index}", new StreamId(FirstSource + (uint)index));
        });
    }
}
