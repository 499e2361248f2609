using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Qualcomm's MSM IOMMU in the catalogue.</summary>
public static class MsmRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "msm",
        Title = "Qualcomm MSM IOMMU v0 (APQ8064)",
        Guess = Guess2022.Undecided,
        Variants = [.. MsmHardware.All.Select(hardware => hardware.Name)],
        ModelChoices =
        [
            "An instance has 32 MIDs (MsmHardware.Mids). A MID beyond them, or one routed to a bank that is not there, is refused and recorded in ESR, EAR and ESYNR.",
            "After reset CR is 0 (option ResetControl): all MIDs are routed to bank 0, which does not translate. CR.CLIENTPD passes all addresses through.",
            "A bank whose SCTLR.M is clear passes addresses through, before the TLB is looked up and though something is stalled there (Arm: MMU off is flat).",
            "The TLB is shared by all banks and tagged by VMID and ASID; CTX_TLBIALL drops what its bank filled. No write to SCTLR, TTBR0 or M2VCBR drops anything. The nG bit is not looked at.",
            "Absent translations and first-level entries are not cached.",
            "BYPASSD, the bypass attributes, NSCFG and the comparison of M2VCBR's VMID with CBVMID have no effect.",
            "TTBCR, TTBR1, PRRR, NMRR, TRE, HAF and BE have no effect, and AP[0] is the access flag whether AFE is set or not.",
            "A miss walks whatever TLBMCFG and V2PCFG are (option MissesObeyConfiguration: unless they are 3 it is a TLB miss fault, TLBMF).",
            "A table that is not RAM is HTWDEEF; an address beyond 32 bits is a translation fault of the first level.",
            "FSR and ESR are cleared by ones. SL and MULTI go with the last fault bit; SS goes by the write, the stalled transaction does not.",
            "A stalled transaction stays so until RESUME, whatever happens to SCTLR and FSR; while one is stalled and the bank translates, the bank's later transactions wait behind it.",
            "16 transactions can be stalled (option StallCapacity); beyond them a fault terminates. CR.STALLD terminates too. CFERE clear, which hides an abort from the master, is not told apart.",
            "While FSR holds a fault later ones set MULTI alone; they are counted.",
            "IRPTNDX 0 is the interrupt that is connected; global errors raise none.",
            "A V2P operation looks in the TLB first, fills nothing and records nothing outside PAR.",
            "Clocks are always on.",
            "The kernel puts an instance into a domain's list without taking it out of another: here it is in the list that it was put into last, and in a list at most once (CONFIG_DEBUG_LIST).",
            "Where the kernel follows a null or dangling table pointer - mapping in a domain that is not attached - the answer is -EINVAL; a second detach, which frees the tables again, stops the kernel.",
        ],
        Features =
        [
            new("MIDs routed to context banks (M2VCBR, CBACR)", IsModelled: true),
            new("Armv7 short descriptors, 4 KiB to 16 MiB pages", IsModelled: true),
            new("TLB tagged by VMID and ASID, invalidated by bank, ASID, address and VMID", IsModelled: true, "done at once"),
            new("Faults that stall, RESUME", IsModelled: true, "Linux never resumes"),
            new("Fault record with syndrome, one at a time", IsModelled: true, "TF, AFF, APF, TLBMF, HTWDEEF, SL, SS, MULTI"),
            new("Global errors", IsModelled: true, "MIDs without a bank only"),
            new("Translation on request (V2PPR, V2PPW, V2PUR, V2PUW, PAR)", IsModelled: true),
            new("HTWSEEF and multiple-hit faults", IsModelled: false, "never raised"),
            new("TTBR1, big-endian tables, hardware access flag", IsModelled: false, "ignored"),
            new("Memory attributes, TEX remap, prefetch", IsModelled: false, "stored"),
            new("TLB lock, test registers, register protection, VMID checks", IsModelled: false, "stored"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = MsmHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, addressBits: 32);
        var units = Enumerable.Range(0, options.Devices).Select(i => new MsmIommu($"msm{i}", memory, hardware, new MsmOptions { Iotlb = options.Iotlb })).ToArray();
        var driver = new MsmDriver(options.Kernel, hardware, memory, frames, units.Length);
        return new Platform(new Bus(memory, units), frames, driver, index => index >= 0 && index < units.Length
            ? new DmaDevice($"dev{index}", [new StreamBinding(index, new StreamId(0))])
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {units.Length - 1}, each behind its own instance"));
    }
}
