using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Arm's SMMUv3 in the catalogue.</summary>
public static class ArmSmmuV3Room
{
    private const string Linear = "linear";
    private const string Stage2Only = "s2only";
    private const int LinearStreamIdBits = 10;
    private const int FunctionsPerBus = 32;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "arm-smmu-v3",
        Title = "Arm System MMU v3",
        Guess = Guess2022.Blocking,
        Variants = ["2lvl", Linear, Stage2Only],
        ModelChoices =
        [
            "The identification registers are those of a server SMMU of the 3.2 generation without hardware updates (HTTU); each is an option.",
            "GBPA.ABORT is clear after reset: DMA passes until the driver enables the SMMU.",
            "STE and CD caches have no limit unless one is given; the IOTLB's size and shape are options.",
            "STEs and CDs without fault stay cached until a CFGI command drops them, abort and bypass entries included; those with a fault are read anew each time.",
            "CFGI_STE also drops the CDs found through that STE; CFGI_CD drops the CD alone.",
            "A translation that refuses the request is not put into the IOTLB; one that is there refuses from there, without a new walk.",
            "A nested translation is one IOTLB entry of the smaller page: TLBI_S2_IPA leaves it, TLBI by its VMID drops it.",
            "A range TLBI drops leaves of its granule (TG) and, when given, its level (TTL) only; without TG, NUM, SCALE and TTL are ignored.",
            "There is no walk cache, so Leaf makes no difference: a TLBI drops every entry of the page or block that holds the address.",
            "Translations that a split-stage ATS device is given are not cached.",
            "A fault beyond STALL_MAX held requests terminates with an ordinary event; a stalled request whose event finds no room is translated again when there is.",
            "A terminated request with CD.A = 0 (read as zero, write ignored) is shown as aborted: no data moved.",
            "F_WALK_EABT has CLASS 1; a stage 2 fault of a stage 1 table read has CLASS 1 and TT_READ.",
            "An invalid L1CD is C_BAD_SUBSTREAMID; a CD with HA or HD is C_BAD_CD, for HTTU is not modelled.",
            "While the SMMU is off, ATS requests and addresses beyond the output size are aborted without an event.",
            "CR0, IRQ_CTRL and GBPA take effect at once; registers of tables and queues ignore writes while what uses them is on.",
            "Interrupts are wired; the driver clears the MSI addresses and programs none.",
            "The CPU does not run at EL2 with VHE, so stage-1 streams live in the NS-EL1 world (option CpuHasVhe).",
            "Queues are as large as IDR1 allows, up to 1 MiB (option MaxQueueBytesLog2, the kernel's limit with CONFIG_CMA_ALIGNMENT 8).",
            "disable_bypass is on, 6.1's default: a stream between two domains is aborted.",
            "Nobody handles stalled requests or page requests unless a handler is set: they are aborted or denied.",
            "Invalidations that the kernel makes inside a page-table call come after that call, in the driver's sync, unless the gather performs them.",
        ],
        Features =
        [
            new("Stream table, linear and two-level", IsModelled: true),
            new("Context descriptors, linear and two-level, substreams", IsModelled: true),
            new("Stage 1, stage 2, nested", IsModelled: true, "4K, 16K, 64K granules, 52-bit output"),
            new("Command queue with CFGI, TLBI (range included), ATC_INV, RESUME, PRI_RESP, SYNC", IsModelled: true, "ATC_INV is consumed; devices have no TLB"),
            new("Event queue with overflow, stalls and resume", IsModelled: true),
            new("PRI queue", IsModelled: true, "requests are answered, devices make none"),
            new("ATS translation requests, split stage", IsModelled: true),
            new("GBPA, GERROR, wired interrupts", IsModelled: true, "MSIs are not sent"),
            new("Hardware updates of access and dirty flags (HTTU)", IsModelled: false, "a descriptor that asks for them is C_BAD_CD"),
            new("Secure and Realm states, ECMDQ, MPAM", IsModelled: false, "not there"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = options.OpenMemory();
        var linear = options.Variant == Linear;
        var standard = new ArmSmmuV3Options { Iotlb = options.Iotlb };
        var hardware = options.Variant switch
        {
            Linear => standard with { Idr0 = standard.Idr0 & ~(3u << 27), Idr1 = (standard.Idr1 & ~0x3fu) | LinearStreamIdBits },
            Stage2Only => standard with { Idr0 = standard.Idr0 & ~(1u << 1) },
            _ => standard,
        };
        var silicon = new ArmSmmuV3Iommu("smmu", memory, hardware);
        var frames = options.AllocateFrames(memory);
        var driver = new ArmSmmuV3Driver(memory, frames, options.Kernel);
        return new Platform(new Bus(memory, silicon), frames, driver, index => new DmaDevice($"dev{index}", Stream(index, linear)));
    }

    // PCI functions 0 from bus 1 up; the small linear table has room for one function after another.
    private static StreamId Stream(int index, bool linear) =>
        linear ? new StreamId((uint)index) : StreamId.Pci(1 + (index / FunctionsPerBus), index % FunctionsPerBus, 0);
}
