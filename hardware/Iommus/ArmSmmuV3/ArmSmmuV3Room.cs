using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

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
            "Translations that a split-stage ATS device is given are not cached.",
            "Interrupts are wired; the driver clears the MSI addresses and programs none.",
            "The CPU does not run at EL2 with VHE, so stage-1 streams live in the NS-EL1 world (option CpuHasVhe).",
            "Queues are as large as IDR1 allows, up to 1 MiB (option MaxQueueBytesLog2, the kernel's limit with CONFIG_CMA_ALIGNMENT 8).",
            "disable_bypass is on, 6.1's default: a stream between two domains is aborted.",
            "Nobody handles stalled requests or page requests unless a handler is set: they are aborted or denied.",
            "Invalidations that the kernel makes inside a page-table call come after that call, in the driver's sync, unless the gather performs them.",
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = new PhysicalMemory(new MemoryRange(0, options.RamSize));
        var linear = options.Variant == Linear;
        var standard = new ArmSmmuV3Options { Iotlb = options.Iotlb };
        var hardware = options.Variant switch
        {
            Linear => standard with { Idr0 = standard.Idr0 & ~(3u << 27), Idr1 = (standard.Idr1 & ~0x3fu) | LinearStreamIdBits },
            Stage2Only => standard with { Idr0 = standard.Idr0 & ~(1u << 1) },
            _ => standard,
        };
        var silicon = new ArmSmmuV3Iommu("smmu", memory, hardware);
        var start = (options.RamSize - (options.RamSize / 4)) & ~(PhysicalMemory.BankSize - 1);
        var frames = new FrameAllocator(memory, start, options.RamSize - start, OwnerTag.Host);
        var driver = new ArmSmmuV3Driver(memory, frames, options.Kernel);
        return new Platform(new Bus(memory, silicon), frames, driver, index => new DmaDevice($"dev{index}", Stream(index, linear)));
    }

    // PCI functions 0 from bus 1 up; the small linear table has room for one function after another.
    private static StreamId Stream(int index, bool linear) =>
        linear ? new StreamId((uint)index) : StreamId.Pci(1 + (index / FunctionsPerBus), index % FunctionsPerBus, 0);
}
