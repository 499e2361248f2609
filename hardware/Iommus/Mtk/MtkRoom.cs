using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>MediaTek's second-generation M4U in the catalogue.</summary>
public static class MtkRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "mtk",
        Title = "MediaTek M4U, second generation, and infrastructure IOMMU",
        Guess = Guess2022.Identity,
        Variants = [.. MtkHardware.All.Select(hardware => hardware.Name)],
        HasOneAddressSpace = true,
        Supports = (variant, kernel) => kernel != KernelVersion.Linux61 || MtkHardware.All.First(hardware => hardware.Name == variant).InLinux61,
        ModelChoices =
        [
            "The TLBs of the two mmus are one; an invalidation drops from it when INV_SEL names either. A range is of its bank's entries, everything of all banks'.",
            "Larbs with odd numbers go through mmu1, the others through mmu0; it shows in which fault registers are used.",
            "PT_BASE 0 with a translated port is a translation fault.",
            "A table that is not RAM is a translation fault.",
            "A fault while FAULT_ST1 holds one of that mmu leaves no record; it is counted. INT_CONTROL0's clear bit drops the record and clears itself.",
            "A fault lands in the 256 bytes of the protect buffer at the address's lowest eight bits; where CTRL does not redirect, it is refused.",
            "INT_ID holds larb and port as they are numbered in device trees: no renaming by the interconnect, no sub-commons.",
            "On chips with 34 bits a port sends 32 bits, and its region is put above them.",
            "In 4 GiB mode output addresses from 0x1_4000_0000 up reach the DRAM four GiB lower. The room's chips are not in that mode.",
            "A larb keeps its registers while it sleeps.",
            "mt8188: the call into firmware is a register that takes the larb's whole mask, or ports to switch on or off; the larb's own enable bits have no effect there.",
            "6.1 takes a device's region from firmware's dma-ranges; here it is an option of the driver, 0 by default. The room's devices are ports of larb 0, of region 0.",
            "Larbs that the SMI driver leaves alone because they sit beside the interconnect's switch bypass; what else could switch them is not modelled.",
        ],
        Features =
        [
            new("Short descriptors with 35 bits of output and 34 of input address", IsModelled: true),
            new("Banks", IsModelled: true, "five on mt8195_infra"),
            new("Range and full invalidation with a done flag", IsModelled: true),
            new("Larb port control: masks, registers with regions", IsModelled: true),
            new("Peripheral port control", IsModelled: true, "mt8195_infra"),
            new("Port control by secure firmware", IsModelled: true, "mt8188_vdo and mt8188_infra, 6.12 only"),
            new("Protect buffer, translation and invalid-PA faults of both mmus", IsModelled: true),
            new("Multi-hit, entry replacement, TLB miss, FIFO faults", IsModelled: false, "no table can cause them here"),
            new("Several M4Us that share one table", IsModelled: false, "one instance; mt8195_vpp and mt8188_vpp are as their vdo"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var hardware = MtkHardware.All.First(hardware => hardware.Name == options.Variant);
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, addressBits: 32);
        var ports = new MtkPorts(hardware);
        var silicon = new MtkIommu("m4u", memory, hardware, ports, new MtkOptions { Iotlb = options.Iotlb });
        var driver = new MtkDriver(options.Kernel, hardware, memory, frames);
        return new Platform(new Bus(memory, silicon) { Blocks = ports.Blocks }, frames, driver, index => index is >= 0 and < MtkPorts.PortsPerLarb
            ? new DmaDevice($"dev{index}", new StreamId((uint)index))
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {MtkPorts.PortsPerLarb - 1}"));
    }
}
