using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus;

/// <summary>What can vary when a platform with one kind of IOMMU is built.</summary>
public sealed record PlatformOptions
{
    /// <summary>Whose driver sequences are followed.</summary>
    public KernelVersion Kernel { get; init; } = KernelVersion.Linux61;

    /// <summary>A variant that the room offers; null for its first.</summary>
    public string? Variant { get; init; }

    /// <summary>Size and shape of each IOTLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Bytes of RAM from address 0; a multiple of 2 MiB. Tables come from the top quarter.</summary>
    public ulong RamSize { get; init; } = 64UL << 30;

    /// <summary>Devices that will be put behind the IOMMU at most: rooms with an instance for each device build so many. 1 to 1024.</summary>
    public int Devices { get; init; } = 4;

    /// <summary>The memory that the silicon reads; null for one of its own. Silicon that is to stand for other silicon over the same memory has that one's (see <see cref="Bus.Reset"/>);
    /// the driver that is made beside it must not be used.</summary>
    public PhysicalMemory? Memory { get; init; }

    /// <summary>The memory of the platform: the one given, or a new one.</summary>
    public PhysicalMemory OpenMemory() => Memory ?? new PhysicalMemory(new MemoryRange(0, RamSize));

    /// <summary>An allocator for the driver's tables: the top quarter of that RAM which table words can point to.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="addressBits">Bits of physical address in a table word or base register, 22 to 64.</param>
    public FrameAllocator AllocateFrames(PhysicalMemory memory, int addressBits = 64)
    {
        var reach = Math.Min(RamSize, addressBits == 64 ? ulong.MaxValue : 1UL << addressBits);
        var start = (reach - (reach / 4)) & ~(PhysicalMemory.BankSize - 1);
        // Over a memory in use, a place that no table gets to: its upper half.
        if (Memory != null)
            start = (start + ((reach - start) / 2)) & ~(PhysicalMemory.BankSize - 1);
        return new FrameAllocator(memory, start, reach - start, OwnerTag.Host);
    }
}
