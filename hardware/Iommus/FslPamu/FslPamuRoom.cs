using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>Freescale's PAMU in the catalogue.</summary>
public static class FslPamuRoom
{
    /// <summary>A chip that refuses disabled LIODNs in silence, as designed.</summary>
    public const string Qoriq = "qoriq";

    /// <summary>A chip with erratum A-003638, which reports them.</summary>
    public const string Erratum = "a003638";

    private const uint FirstLiodn = 4;

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "fsl_pamu",
        Title = "Freescale QorIQ peripheral access management unit",
        Guess = Guess2022.Identity,
        Variants = [Qoriq, Erratum],
        ModelChoices =
        [
            "Entries are read at each access: the chip's caches of them are coherent, and how long a snoop takes is documented nowhere.",
            "With PC.PE clear DMA passes unchecked.",
            "The sub-codes of AVS1 are 1 in the field that applies; only that of a LIODN outside the table is known.",
            "A disabled entry that is reported (erratum A-003638) sets PDV.",
            "A violation while AVS1 holds one sets PICS's status again but leaves no record; it is counted. AVS2 stays 0.",
            "Translation by pages (ATM 2) is refused as outside the window; divided windows are taken as one.",
            "A table that is not RAM is a LIODN outside the table.",
            "All devices are behind the first PAMU; the global utilities' bypass register is shown in its window at 0x1604.",
        ],
        Features =
        [
            new("Primary entries: one window, permissions, window translation", IsModelled: true, "big-endian"),
            new("Bypass per PAMU, gate, enable", IsModelled: true),
            new("Access violation record and interrupt", IsModelled: true),
            new("Secondary entries (divided windows)", IsModelled: false, "Linux 6.1 does not use them"),
            new("Operation mapping, stashing", IsModelled: false, "the words are programmed; they change no address"),
            new("ECC, operation errors, debug registers", IsModelled: false),
            new("Page tables", IsModelled: false, "the hardware has none that Linux uses"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, addressBits: 36);
        var silicon = new FslPamuIommu("pamu0", 0, memory, new FslGlobalUtilities(), new FslPamuOptions { ReportsDisabled = options.Variant == Erratum });
        var limit = (int)(FslPaace.Count - FirstLiodn);
        var nodes = Enumerable.Range(0, Math.Min(options.Devices, limit)).Select(i => new FslPamuNode(FslPamuNodeKind.Device, [FirstLiodn + (uint)i])).ToList();
        var driver = new FslPamuDriver(options.Kernel, memory, frames, nodes);
        return new Platform(new Bus(memory, silicon), frames, driver, index => index >= 0 && index < nodes.Count
            ? new DmaDevice($"dev{index}", new StreamId(nodes[index].Liodns[0]))
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {nodes.Count - 1}"));
    }
}
