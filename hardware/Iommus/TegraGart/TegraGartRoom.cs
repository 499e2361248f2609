using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.TegraGart;

/// <summary>Tegra20's GART in the catalogue.</summary>
public static class TegraGartRoom
{
    /// <summary>The one chip.</summary>
    public const string Tegra20 = "tegra20";

    /// <summary>The same with the driver's gart_debug parameter set.</summary>
    public const string Debug = "debug";

    /// <summary>The room.</summary>
    public static IommuRoom Room { get; } = new()
    {
        Name = "tegra-gart",
        Title = "NVIDIA Tegra20 graphics address relocation table",
        Guess = Guess2022.Blocking,
        Variants = [Tegra20, Debug],
        HasOneAddressSpace = true,
        HasOneTable = true,
        Supports = (_, kernel) => kernel == KernelVersion.Linux61,
        ModelChoices =
        [
            "Entries are zero after reset; in the chip they are undefined until the driver clears them.",
            "An entry write takes effect at once; the read of GART_CONFIG that waits for it has nothing to wait for.",
            "An entry selected outside the aperture is not stored and reads as zero.",
            "An aperture access without a valid entry, or while the unit is off, is refused.",
            "While a cause is set in MC_INTSTATUS, further faults of that cause leave no record; they are counted.",
            "Outside the aperture an address that is not RAM is a decode error.",
            "The memory controller's driver unmasks decode errors, invalid pages and security violations after the GART's probe.",
        ],
        Features =
        [
            new("Relocation aperture with 4 KiB entries behind registers", IsModelled: true, "32 MiB at 0x58000000"),
            new("Invalid-page and decode-error records", IsModelled: true),
            new("Per-client control of any kind", IsModelled: false, "the hardware has none"),
            new("Translation cache", IsModelled: false, "the hardware has none"),
            new("Security violations", IsModelled: false, "their registers are there, nothing sets them"),
        ],
        Build = Build,
    };

    private static Platform Build(PlatformOptions options)
    {
        var gart = new TegraGartOptions { Debug = options.Variant == Debug };
        var memory = options.OpenMemory();
        var frames = options.AllocateFrames(memory, addressBits: 31);
        return new Platform(new Bus(memory, new TegraGartIommu("mc", memory, gart)), frames, new TegraGartDriver(gart), index => index is >= 0 and <= (int)TegraGartRegisters.LastClient
            ? new DmaDevice($"client{index}", new StreamId((uint)index))
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"this platform has devices 0 to {TegraGartRegisters.LastClient}"));
    }
}
