using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>Qualcomm's context-bank IOMMU in the catalogue.</summary>
public static class QcomIommuRoom
{
    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "qcom_iommu",
        Title = "Qualcomm IOMMU v1 and v2: context banks under firmware (MSM8916, MSM8976)",
        Guess = Guess2022.Undecided,
        Variants = [.. QcomIommuHardware.All.Select(hardware => hardware.Name)],
        Supports = (variant, kernel) => kernel != KernelVersion.Linux61 || !Hardware(variant).IsVersion2,
        ModelChoices =
        [
            "Stream n arrives at context bank n, as if firmware had routed it so; a stream without a bank is refused in silence.",
            "A bank whose SCTLR.M is clear passes addresses through, before the TLB is looked up and though something is stalled there (SMMUv2; the kernel does not say).",
            "The TLB is shared by all banks and tagged by ASID; neither SCTLR nor TTBR0 writes drop anything from it (SMMUv2). The nG bit is not looked at.",
            "Absent translations and intermediate table entries are not cached.",
            "A stalled transaction stays so until RESUME, whatever happens to SCTLR and FSR; SS follows it.",
            "While one is stalled and HUPCF is clear, the bank's later transactions wait behind it, also those that would hit the TLB.",
            "16 transactions can be stalled (option StallCapacity); beyond them a fault terminates.",
            "While FSR holds a fault later ones set MULTI alone; they are counted.",
            "EAE clear (short descriptors) or EPD0 set refuses every DMA with a translation fault; TTBR1 is never walked; E, TRE and AFE have no effect, the access flag always counts.",
            "CFRE clear, which hides an abort from the master, is not told apart.",
            "A table that is not RAM is an external abort (EF with PTWF).",
            "A secure bank of version 2 ignores what Linux writes and refuses all DMA in silence (option SecureBankPasses). Those of version 1 are programmed like the others.",
            "Firmware's calls succeed and change nothing that Linux can see. With local registers a bank's interrupt is Linux's where its bit is set.",
            "All banks share one interrupt line: the handlers of all run.",
            "TLBSTATUS is never active; registers keep their values while clocks are off.",
        ],
        Features =
        [
            new("Context banks with one table each, at most 255", IsModelled: true, "one for each device and a secure one"),
            new("32-bit long descriptors, 40 bits out", IsModelled: true, "Linux maps 4 KiB pages; blocks are walked too"),
            new("TLB tagged by ASID, invalidated by address and by ASID", IsModelled: true, "done at once"),
            new("Faults that stall, RESUME", IsModelled: true),
            new("Fault record with syndrome, one at a time", IsModelled: true, "TF, AFF, PF, EF, ASF, MULTI, SS"),
            new("Secure banks", IsModelled: true, "version 2: out of Linux's reach"),
            new("Interrupt select of the local registers", IsModelled: true),
            new("TLB conflict, lock and unsupported-transaction faults", IsModelled: false, "never raised"),
            new("TTBR1, short descriptors, big-endian tables", IsModelled: false, "refused or ignored"),
            new("Memory attributes", IsModelled: false, "stored"),
            new("Global registers, stream routing", IsModelled: false, "firmware's; fixed"),
        ],
        Build = Build,
    };

    private static QcomIommuHardware Hardware(string? variant) => QcomIommuHardware.All.First(hardware => hardware.Name == variant);

    // A bank for each device, then a secure one.
    private static Platform Build(PlatformOptions options)
    {
        var devices = Math.Min(options.Devices, QcomIommuHardware.MaxBanks - 1);
        var hardware = Hardware(options.Variant) with { Banks = devices + 1, SecureBanks = [devices + 1] };
        var memory = options.OpenMemory();
        var silicon = new QcomIommuIommu("iommu", memory, hardware, new QcomIommuOptions { Iotlb = options.Iotlb });
        var frames = options.AllocateFrames(memory, addressBits: 40);
        var driver = new QcomIommuDriver(options.Kernel, hardware, memory, frames);
        return new Platform(new Bus(memory, silicon), frames, driver, Device);

        DmaDevice Device(int index)
        {
            if (index >= devices)
                throw new ArgumentOutOfRangeException(nameof(index), $"device {index}: this IOMMU has banks for {devices} devices, at most {QcomIommuHardware.MaxBanks - 1}");
            return new DmaDevice($"dev{index}", new StreamId((uint)index + 1));
        }
    }
}
