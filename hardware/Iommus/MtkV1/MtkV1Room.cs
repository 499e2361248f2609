using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>MediaTek's first M4U in the catalogue.</summary>
public static class MtkV1Room
{
    /// <summary>The one chip family.</summary>
    public const string Mt2701 = "mt2701";

    // Devices sit at the ports of larb 2, which has the most of them.
    private const int Larb = 2;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "mtk_v1",
        Title = "MediaTek M4U, first generation (MT2701, MT7623)",
        Guess = Guess2022.Identity,
        Variants = [Mt2701],
        HasOneAddressSpace = true,
        HasOneTable = true,
        ModelChoices =
        [
            "The two TLBs of the M4U are one; an invalidation drops from it when INV_SEL names either.",
            "There is no enable bit: with PT_BASE_ADDR 0, a port that goes through the M4U has its words read from address 0.",
            "A fault while FAULT_ST holds one leaves no record; it is counted.",
            "INVLD_PA holds the page bits of the word that is not valid, 0 where no word was read.",
            "INT_CONTROL's clear bit drops the record and clears itself.",
            "Where CTRL does not send faulting accesses to the protect address they are refused.",
            "A fault lands in the 128 bytes of the protect buffer at the address's lowest seven bits.",
            "A table that is not RAM is a table-walk fault; an address beyond 32 bits is a translation fault.",
            "The SMI's always-on part is shown in the same window, at 0x10000.",
            "The port's domain bits have no effect: there is one table.",
            "The domain that is allocated first is the one inside the driver's mapping; mapping in any other, where the kernel follows a null pointer, is -EINVAL.",
        ],
        Features =
        [
            new("Flat table of 4 GiB in 4 KiB pages", IsModelled: true, "no permissions"),
            new("Range and full invalidation with a done flag", IsModelled: true),
            new("Port control in the SMI", IsModelled: true, "the always-on part; larbs have no registers of their own here"),
            new("Protect buffer", IsModelled: true),
            new("Translation and table-walk faults", IsModelled: true),
            new("Multi-hit, entry replacement, TLB miss, FIFO overflow, invalid PA faults", IsModelled: false, "no table can cause them here"),
            new("Secure ports", IsModelled: false),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, addressBits: 32);
        var silicon = new MtkV1Iommu("m4u", memory, new MtkV1Options { Iotlb = options.Iotlb });
        var driver = new MtkV1Driver(options.Kernel, memory, frames);
        var ports = MtkV1Ports.ConfiguredPorts(Larb);
        return new Platform(new Bus(memory, silicon), frames, driver, index => index >= 0 && index < ports
            ? new DmaDevice($"dev{index}", new StreamId((uint)MtkV1Ports.Flat(Larb, index)))
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {ports - 1}"));
    }
}
