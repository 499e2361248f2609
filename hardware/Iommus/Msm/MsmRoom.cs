using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Qualcomm's first IOMMU in the catalogue.</summary>
public static class MsmRoom
{
    /// <summary>The one chip family.</summary>
    public const string Apq8064 = "apq8064";

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "msm",
        Title = "Qualcomm MSM IOMMU, first generation (apq8064)",
        Guess = Guess2022.Undecided,
        Variants = [Apq8064],
        ModelChoices =
        [
            "A transaction that faults in a bank with CFCFG set would stall until software resumes it, which Linux never does; it is shown as refused, with SS set.",
            "A further fault while FSR holds one sets MULTI and leaves no other record; it is counted.",
            "When the last fault bit of FSR is cleared, SL, SS and MULTI go too.",
            "A table that is not RAM sets HTWDEEF.",
            "Access permissions are those of the access-flag model, whether SCTLR.AFE is set or not.",
            "A stream that is routed to a bank that does not exist, or beyond 32 streams, is refused without a record; M2VCBR.BYPASSD has no effect.",
            "Translations are tagged with bank and ASID; TLBIVA and TLBIASID act within their bank.",
            "V2PPR leaves 1 in PAR where nothing is mapped.",
            "An instance is in the list of the domain that it was attached to last, and of no other; in the kernel a second attach without a detach ties the two lists together.",
        ],
        Features =
        [
            new("Context banks with Armv7 short descriptors", IsModelled: true, "4 KiB, 64 KiB, 1 MiB, 16 MiB pages"),
            new("Routing of streams to banks", IsModelled: true),
            new("Invalidation by bank, ASID, address, and of everything", IsModelled: true),
            new("Fault records with stall and multiple bits", IsModelled: true),
            new("Translation by register (V2PPR)", IsModelled: true),
            new("Resume of stalled transactions", IsModelled: false, "they are refused"),
            new("TTBR1, TLB locking, global errors, protection units", IsModelled: false),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = new PhysicalMemory(new MemoryRange(0, options.RamSize));
        var frames = options.AllocateFrames(memory, addressBits: 32);
        var silicon = new MsmOptions { Iotlb = options.Iotlb };
        var units = Enumerable.Range(0, options.Devices).Select(i => new MsmIommu($"iommu{i}", memory, silicon)).ToArray();
        var driver = new MsmDriver(options.Kernel, memory, frames, silicon.Banks, units.Length);
        return new Platform(new Bus(memory, units), frames, driver, index => index >= 0 && index < units.Length
            ? new DmaDevice($"dev{index}", [new StreamBinding(index, new StreamId(1))])
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {units.Length - 1}"));
    }
}
