using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Arm's SMMUv1 and SMMUv2 in the catalogue.</summary>
public static class ArmSmmuRoom
{
    private const string Version1 = "v1";
    private const string Mmu500 = "mmu500";
    private const string Stage2Only = "s2only";
    private const string Bypass = "bypass";
    private const string NoDefault = "nodefault";
    private const string Qualcomm = "qcom";
    private const uint FortyBits = 2u << 4 | 2u;
    private const int FunctionsPerBus = 32;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "arm-smmu",
        Title = "Arm System MMU v1 and v2",
        Guess = Guess2022.Blocking,
        Variants = ["v2", Version1, Mmu500, Stage2Only, Bypass, NoDefault, Qualcomm],
        Supports = (variant, kernel) => variant != NoDefault || kernel == KernelVersion.Linux61,
        ModelChoices =
        [
            "The identification registers are those of a large MMU-500: 128 stream matching entries, 128 context banks, 48-bit addresses (v1: 40); each is an option.",
            "A detach of 6.1, which has none, is what the release of a device does to its stream entries; the next attach enters the streams again.",
            "In the nodefault variant a detach writes nothing: the core of 6.1 has neither a default domain nor an operation to call. Such a kernel is a 32-bit one with AArch32 tables; its two-word accesses are shown as one.",
            "Registers take effect at once: a change of SMR, S2CR, CBAR or SCTLR counts for the next DMA; translations that are cached stay until they are invalidated.",
            "Invalidations are done when their register has been written: TLBSTATUS, sTLBGSTATUS and ATSR always read as idle.",
            "A translation that refuses the request is not put into the TLB; one that is there refuses from there, without a new walk.",
            "There is no walk cache: TLBIVA and TLBIVAL, TLBIIPAS2 and TLBIIPAS2L do the same.",
            "TLB entries carry VMID and ASID, also those of pages without nG, which Linux never makes.",
            "Only the first fault of a bank (and the first global one) is recorded until software clears it; a later one sets MULTI and leaves no record.",
            "A refused request is shown as aborted whatever CFRE and GFRE say: with them clear, reads are zero and writes ignored, and no data moves either.",
            "What passes untranslated keeps its address, also beyond the output size.",
            "ATS requests are global faults (UUT with ATS in sGFSYNR0): no SMMUv2 is known to take them.",
            "A StreamID wider than the SMMU's, or beyond the S2CRs, is one that no entry matches; an S2CR of the reserved type is a fault.",
            "A bank whose registers hold a reserved or unimplemented format, granule or size, short descriptors or big-endian tables translates nothing (TF).",
            "A bank of the types nested and stage 1 with stage 2 fault refuses with a global fault (ICF).",
            "An address beyond the upstream size or T0SZ is a translation fault; TTBR1 is never walked.",
            "FSR.FORMAT and FSYNR0.S1CBNDX read as zero; FSYNR0.PTWF marks a table that could not be read.",
            "With CFCFG the requests that fault are held, and those behind them unless HUPCF; FSR.SS stays until RESUME; beyond 16 held requests (an option) a fault terminates.",
            "Writes of an MMU-500's ACTLR always stick; CACHE_LOCK is not modelled.",
            "Qualcomm's firmware is as the driver expects it: a written fault is dropped, a written bypass becomes a fault; its walk invalidations are by ASID.",
            "The SMMU hangs in no power domain: runtime power management is off, and only system sleep resets it.",
            "Invalidations that the kernel makes inside a page-table call come after that call, in the driver's sync, unless the gather performs them.",
        ],
        Features =
        [
            new("Stream matching with ID and mask, stream indexing, 16-bit StreamIDs", IsModelled: true),
            new("S2CR translate, bypass and fault; USFCFG; CLIENTPD", IsModelled: true),
            new("Context banks of stage 1 or stage 2", IsModelled: true, "AArch64 with 4K, 16K, 64K granules, AArch32 long descriptors"),
            new("Global and context faults with their registers", IsModelled: true),
            new("Stalls and RESUME", IsModelled: true, "Linux never asks for them"),
            new("TLB invalidation by address, ASID, intermediate address, VMID", IsModelled: true),
            new("Address translation by register (ATS1PR)", IsModelled: true),
            new("Reserved boot streams (IORT RMR), stream-match-mask, force_stage", IsModelled: true, "options of the driver"),
            new("Qualcomm firmware that rewrites S2CRs", IsModelled: true, "the qcom variant"),
            new("Nested translation, TTBR1", IsModelled: false, "Linux uses neither in its own domains"),
            new("AArch32 short descriptors", IsModelled: false, "32-bit kernels only"),
            new("Cavium, Marvell, NVIDIA and Adreno variants, MMU-401", IsModelled: false, "they differ in errata, access widths, and several SMMUs behind one window"),
            new("Runtime power management", IsModelled: false, "with a power domain each resume is the reset of a system wake-up"),
            new("Secure side, SSD, performance counters", IsModelled: false, "not there"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = options.OpenMemory();
        var standard = new ArmSmmuOptions { Iotlb = options.Iotlb };
        var (hardware, driver) = options.Variant switch
        {
            Version1 => (standard with { Version = 1, Id2 = FortyBits }, new ArmSmmuDriverOptions { Version = 1 }),
            Mmu500 => (standard, new ArmSmmuDriverOptions { Model = ArmSmmuModel.Mmu500 }),
            Stage2Only => (standard with { Id0 = standard.Id0 & ~(1u << 30), Id1 = standard.Id1 | (uint)standard.Layout.Banks << 16 }, new ArmSmmuDriverOptions()),
            Bypass => (standard, new ArmSmmuDriverOptions { DisableBypass = false }),
            NoDefault => (standard, new ArmSmmuDriverOptions { HasDefaultDomains = false, Is64BitKernel = false }),
            Qualcomm => (standard with { FirmwareRewritesStreams = true }, new ArmSmmuDriverOptions { Model = ArmSmmuModel.Qualcomm }),
            _ => (standard, new ArmSmmuDriverOptions()),
        };
        var silicon = new ArmSmmuIommu("smmu", memory, hardware);
        var frames = options.AllocateFrames(memory, hardware.OutputBits);
        return new Platform(
            new Bus(memory, silicon), frames, new ArmSmmuDriver(memory, frames, options.Kernel, driver), index => Device(index, hardware.StreamEntries));
    }

    // PCI functions 0 from bus 1 up.
    private static DmaDevice Device(int index, int limit) => index < limit
        ? new DmaDevice($"dev{index}", StreamId.Pci(1 + (index / FunctionsPerBus), index % FunctionsPerBus, 0))
        : throw new ArgumentOutOfRangeException(nameof(index), $"this SMMU has {limit} stream matching entries, one for each device");
}
