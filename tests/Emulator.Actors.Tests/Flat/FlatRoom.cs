using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Tests.Flat;

public static class FlatRoom
{
    /// <summary>The driver does all it should.</summary>
    public const string Sound = "sound";

    /// <summary>Detach lets DMA pass untranslated.</summary>
    public const string DetachBypasses = "detach-bypasses";

    /// <summary>No change is followed by an invalidation.</summary>
    public const string NeverInvalidates = "never-invalidates";

    /// <summary>The driver has no blocking domain of its own.</summary>
    public const string NoNativeBlocking = "no-native-blocking";

    /// <summary>The driver refuses every device.</summary>
    public const string RefusesDevices = "refuses-devices";

    /// <summary>The interrupt handler runs into a BUG.</summary>
    public const string HandlerStops = "handler-stops";

    private const ulong RamSize = 4UL << 30;

    public static IommuRoom Room { get; } = new()
    {
        Name = "flat",
        Title = "A flat IOMMU for tests",
        Guess = Guess2022.Undecided,
        Variants = [Sound, DetachBypasses, NeverInvalidates, NoNativeBlocking, RefusesDevices, HandlerStops],
        Build = options =>
        {
            var memory = new PhysicalMemory(new MemoryRange(0, RamSize));
            var frames = new FrameAllocator(memory, RamSize / 4 * 3, RamSize / 4, OwnerTag.Host);
            var driver = new FlatDriver(memory, frames, options.Kernel, options.Variant!);
            return new Platform(
                new Bus(memory, new FlatIommu(memory, options.Iotlb)), frames, driver, index => new DmaDevice($"device-{index}", new StreamId((uint)index)) { CanStall = true, PasidBits = 2 });
        },
    };
}
