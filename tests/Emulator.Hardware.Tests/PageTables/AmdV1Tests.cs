using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.PageTables;

public sealed class AmdV1Tests
{
    private const ulong Root = 0x100010000;
    private const ulong Page64K = 1UL << 16;
    private const ulong Page2M = 1UL << 21;
    private const PagePermissions ReadWrite = PagePermissions.Read | PagePermissions.Write;

    [Fact]
    public void Lookup_reads_the_first_copy_of_a_page_and_the_silicon_the_copy_of_the_address()
    {
        using var memory = new PhysicalMemory();
        var table = Make(memory, KernelVersion.Linux612, out _);
        table.Map(0, 0x5000_0000, Page64K, 1, Protection.Read, new InvalidationGather());
        table.Map(0, 0x7000_0000, 0x1000, 1, Protection.Read, new InvalidationGather());

        AmdV1Walker.Walk(memory, table.Root, table.Levels, 0x3008, ReadWrite, out var walk);

        Assert.Equal(0x5000_3008UL, walk.Translate(0x3008));
        Assert.Equal(0x7000_3008UL, table.Lookup(0x3008));
    }

    // The third entry of the eight that held 16 MiB has become a table by then.
    [Fact]
    public void An_unmap_through_one_copy_clears_the_others_and_loses_a_table_that_replaced_one()
    {
        using var memory = new PhysicalMemory();
        var table = Make(memory, KernelVersion.Linux612, out var frames);
        table.Map(0, 0x4000_0000, 8 * Page2M, 1, Protection.Read, new InvalidationGather());
        table.Map(2 * Page2M, 0x8000_0000, 2 * Page2M, 1, Protection.Read, new InvalidationGather());
        table.Map(2 * Page2M, 0x9000_0000, 0x1000, 1, Protection.Read, new InvalidationGather());

        Assert.Equal(8 * Page2M, table.Unmap(7 * Page2M, 0x1000, 1, new InvalidationGather()));

        Assert.Null(table.Lookup(2 * Page2M));
        table.Free();
        Assert.Equal(1, frames.Live);
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, InvalidationKind.All, 0, 0)]
    [InlineData(KernelVersion.Linux612, InvalidationKind.Walk, 0x1000, 0x3000)]
    public void Replacing_a_large_page_flushes_the_domain_in_6_1_and_the_range_of_the_call_in_6_12(KernelVersion kernel, InvalidationKind kind, ulong first, ulong size)
    {
        using var memory = new PhysicalMemory();
        var table = Make(memory, kernel, out _);
        table.Map(0, 0x4000_0000, Page2M, 1, Protection.Read, new InvalidationGather());
        var gather = new InvalidationGather();

        table.Map(0x1000, 0x5000_0000, 0x1000, 3, Protection.Read, gather);

        var request = Assert.Single(gather.Requests);
        Assert.Equal((kind, first, size), (request.Kind, request.Iova, request.Size));
    }

    [Fact]
    public void Replacing_a_page_by_one_of_the_same_size_flushes_nothing()
    {
        using var memory = new PhysicalMemory();
        var table = Make(memory, KernelVersion.Linux612, out _);
        table.Map(0, 0x4000_0000, Page64K, 1, Protection.Read, new InvalidationGather());
        var gather = new InvalidationGather();

        table.Map(0, 0x5000_0000, Page64K, 1, Protection.Read, gather);

        Assert.True(gather.IsEmpty);
    }

    private static AmdV1PageTable Make(PhysicalMemory memory, KernelVersion kernel, out CountedFrames frames)
    {
        frames = new CountedFrames(memory);
        return new AmdV1PageTable(memory, frames, kernel);
    }

    private sealed class CountedFrames(PhysicalMemory memory) : IFrameAllocator
    {
        private readonly FrameAllocator _frames = new(memory, Root, 0x100000, OwnerTag.Host);

        public int Live { get; private set; }

        public ulong Allocate(ulong bytes)
        {
            Live++;
            return _frames.Allocate(bytes);
        }

        public void Free(ulong address, ulong bytes)
        {
            Live--;
            _frames.Free(address, bytes);
        }
    }
}
