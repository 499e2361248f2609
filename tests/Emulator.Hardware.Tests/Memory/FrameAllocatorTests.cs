using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Tests.Memory;

public sealed class FrameAllocatorTests
{
    [Fact]
    public void Blocks_are_zeroed_aligned_to_their_size_and_tagged()
    {
        using var memory = new PhysicalMemory();
        var frames = new FrameAllocator(memory, 0x10_1000, 0x10_0000, OwnerTag.Host);
        var small = frames.Allocate(0x1000);
        var large = frames.Allocate(0x3000);
        Assert.Equal(0x10_1000UL, small);
        Assert.Equal(0x10_4000UL, large);
        Assert.Equal(OwnerTag.Host, memory.OwnerOf(large + 0x2fff));
    }

    [Fact]
    public void A_freed_frame_is_handed_out_again_and_is_clean()
    {
        using var memory = new PhysicalMemory();
        var frames = new FrameAllocator(memory, 0, 0x10_0000, OwnerTag.Host);
        var first = frames.Allocate(4096);
        memory.Write64(first, 0xdead);
        frames.Free(first, 4096);
        Assert.Equal(OwnerTag.None, memory.OwnerOf(first));
        Assert.Equal(0xdeadUL, memory.Read64(first));
        Assert.Equal(first, frames.Allocate(4096));
        Assert.Equal(0UL, memory.Read64(first));
    }

    [Fact]
    public void When_the_range_is_used_up_allocation_fails_with_ENOMEM()
    {
        using var memory = new PhysicalMemory();
        var frames = new FrameAllocator(memory, 0, 0x2000, OwnerTag.Host);
        frames.Allocate(4096);
        frames.Allocate(4096);
        Assert.Equal(Errno.ENOMEM, Assert.Throws<DriverException>(() => frames.Allocate(4096)).Errno);
    }

    [Fact]
    public void A_range_that_is_not_ram_is_refused()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, PhysicalMemory.BankSize));
        Assert.Throws<ArgumentException>(() => new FrameAllocator(memory, 0, PhysicalMemory.BankSize + 0x1000, OwnerTag.Host));
        Assert.Throws<ArgumentException>(() => new FrameAllocator(memory, 0x10, 0x1000, OwnerTag.Host));
    }
}
