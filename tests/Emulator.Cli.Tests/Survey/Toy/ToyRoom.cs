using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Tests.Survey.Toy;

/// <summary>Rooms with the toy IOMMU.</summary>
internal static class ToyRoom
{
    public static IommuRoom Make(Guess2022 guess = Guess2022.Blocking, bool identityWithoutTable = false, bool forgetsToFlush = false, bool freesEarly = false) => new()
    {
        Name = "toy",
        Title = "Toy",
        Guess = guess,
        Variants = ["one"],
        Build = options =>
        {
            var memory = new PhysicalMemory(new MemoryRange(0, options.RamSize));
            // Table addresses fit the toy's 32-bit register.
            var frames = new FrameAllocator(memory, 0x8000_0000, 0x100_0000, OwnerTag.Host);
            var driver = new ToyDriver(memory, frames, options.Kernel, forgetsToFlush, freesEarly);
            return new Platform(new Bus(memory, new ToyIommu(memory, identityWithoutTable)), frames, driver, index => new DmaDevice($"device{index}", new StreamId((uint)index)));
        },
    };
}
