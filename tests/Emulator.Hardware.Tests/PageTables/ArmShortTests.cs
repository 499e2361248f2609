using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.PageTables;

public sealed class ArmShortTests : IDisposable
{
    private const Protection ReadWrite = Protection.Read | Protection.Write;

    private readonly PhysicalMemory _memory = new(new MemoryRange(0, 36UL << 30));
    private readonly FrameAllocator _frames;

    public ArmShortTests() => _frames = new FrameAllocator(_memory, 0x8000_0000, 0x100_0000, OwnerTag.Host);

    public void Dispose() => _memory.Dispose();

    [Theory]
    [InlineData(0x1000, ReadWrite, 0x0001_0c00 | 0x72)]
    [InlineData(0x1000, Protection.Read, 0x0001_0c00 | 0x272)]
    [InlineData(0x1000, ReadWrite | Protection.Privileged, 0x0001_0c00 | 0x52)]
    [InlineData(0x1000, ReadWrite | Protection.NoExecute, 0x0001_0c00 | 0x73)]
    [InlineData(0x1000, ReadWrite | Protection.Cache, 0x0001_0c00 | 0x7e)]
    [InlineData(0x1000, ReadWrite | Protection.Mmio, 0x0001_0c00 | 0x36)]
    [InlineData(0x10000, ReadWrite, 0x0001_1c31)]
    [InlineData(0x10000, ReadWrite | Protection.NoExecute, 0x0001_9c31)]
    public void Leaves_of_level_two_hold_page_and_attributes(ulong size, Protection protection, uint expected)
    {
        var table = Table();
        Assert.Equal(Errno.None, table.Map(0x0010_0000, 0x10000, size, 1, protection, new InvalidationGather()).Errno);
        var level2 = _memory.Read32(table.Root + 4) & ArmShortEntry.TableMask;
        Assert.Equal(expected, _memory.Read32(level2));
        if (size == 0x10000)
            Assert.Equal(expected, _memory.Read32(level2 + 60));
    }

    [Theory]
    [InlineData(0x10_0000, 0x0433_1c02)]
    [InlineData(0x100_0000, 0x0407_1c02)]
    public void Leaves_of_level_one_are_sections_and_sixteen_equal_words_of_a_supersection(ulong size, uint expected)
    {
        var table = Table();
        var page = size == 0x10_0000 ? 0x0430_0000UL : 0x0400_0000;
        Assert.Equal(Errno.None, table.Map(0x1000_0000, page, size, 1, ReadWrite, new InvalidationGather()).Errno);
        Assert.Equal(expected, _memory.Read32(table.Root + 0x400));
        if (size == 0x100_0000)
            Assert.Equal(expected, _memory.Read32(table.Root + 0x43c));
        Assert.Equal(page + 0x1234, Walk(table, 0x1000_1234).Translate(0x1000_1234));
    }

    [Fact]
    public void Unmapping_a_page_of_a_section_loses_the_address_of_the_rest()
    {
        var table = Table();
        table.Map(0x4360_0000, 0x2b70_0000, 0x10_0000, 1, ReadWrite, new InvalidationGather());
        Assert.Equal(0x1000UL, table.Unmap(0x4362_c000, 0x1000, 1, new InvalidationGather()));
        Assert.Null(table.Lookup(0x4362_c000));
        Assert.Equal(0x2_d000UL, table.Lookup(0x4362_d000));
    }

    [Fact]
    public void Unmapping_a_page_of_a_large_page_keeps_the_other_fifteen()
    {
        var table = Table();
        table.Map(0x2_0000, 0x5_0000, 0x10000, 1, Protection.Read | Protection.NoExecute, new InvalidationGather());
        var gather = new InvalidationGather();
        Assert.Equal(0x1000UL, table.Unmap(0x2_3000, 0x1000, 1, gather));
        Assert.Equal([InvalidationKind.Walk, InvalidationKind.Page], gather.Requests.Select(request => request.Kind));
        Assert.Null(table.Lookup(0x2_3000));
        Assert.Equal(0x5_4000UL, table.Lookup(0x2_4000));
        var walk = Walk(table, 0x2_4000);
        Assert.Equal((12, PagePermissions.Read | PagePermissions.None), (walk.PageShift, walk.Permissions));
    }

    [Fact]
    public void A_large_page_that_is_not_aligned_is_split_by_the_word_that_was_met()
    {
        var table = Table();
        table.Map(0x10_8000, 0x5_0000, 0x10000, 1, ReadWrite, new InvalidationGather());
        Assert.Equal(0x1000UL, table.Unmap(0x10_9000, 0x1000, 1, new InvalidationGather()));
        Assert.Null(table.Lookup(0x10_9000));
        Assert.Equal((0x5_0000UL, 0x5_8000UL), (table.Lookup(0x10_0000), table.Lookup(0x10_8000)));
        Assert.Equal((12, 16), (Walk(table, 0x10_8000).PageShift, Walk(table, 0x11_0000).PageShift));
    }

    [Fact]
    public void A_page_within_a_supersections_later_section_cannot_be_unmapped()
    {
        var table = Table();
        table.Map(0x1000_0000, 0x0400_0000, 0x100_0000, 1, ReadWrite, new InvalidationGather());
        Assert.Equal(0UL, table.Unmap(0x1030_0000, 0x1000, 1, new InvalidationGather()));
        Assert.Equal(0x0430_0000UL, table.Lookup(0x1030_0000));
        Assert.Equal(20, Walk(table, 0x1030_0000).PageShift);
    }

    [Fact]
    public void A_block_over_tables_frees_them()
    {
        var table = Table();
        table.Map(0x10_0000, 0x5000, 0x1000, 1, ReadWrite, new InvalidationGather());
        var freed = _frames.Freed;
        var gather = new InvalidationGather();
        Assert.Equal(Errno.None, table.Map(0x10_0000, 0x20_0000, 0x10_0000, 1, ReadWrite, gather).Errno);
        Assert.Equal(freed + 1, _frames.Freed);
        Assert.Equal(InvalidationKind.Walk, Assert.Single(gather.Requests).Kind);
    }

    [Fact]
    public void Errors_are_the_kernels()
    {
        var table = Table();
        var gather = new InvalidationGather();
        Assert.Equal((Errno.ERANGE, 1), (table.Map(1UL << 32, 0, 0x1000, 1, ReadWrite, gather).Errno, table.Map(0, 1UL << 32, 0x1000, 1, ReadWrite, gather).Warnings));
        Assert.Equal(Errno.EINVAL, table.Map(0, 0, 0x1000, 1, Protection.None, gather).Errno);
        Assert.Equal(Errno.None, table.Map(0x2000, 0x2000, 0x1000, 1, ReadWrite, gather).Errno);
        var again = table.Map(0x1000, 0x1000, 0x1000, 3, ReadWrite, gather);
        Assert.Equal((Errno.EEXIST, 0x1000UL), (again.Errno, again.Mapped));
        Assert.Equal(0UL, table.Unmap(0x7000, 0x1000, 1, gather));
        Assert.Equal(0UL, table.Unmap(1UL << 32, 0x1000, 1, gather));
    }

    [Theory]
    [InlineData(33, 32, ArmShortQuirks.None)]
    [InlineData(32, 33, ArmShortQuirks.None)]
    [InlineData(32, 32, ArmShortQuirks.MediaTek)]
    [InlineData(32, 32, ArmShortQuirks.MediaTekTables)]
    [InlineData(35, 35, ArmShortQuirks.MediaTek | ArmShortQuirks.NoPermissions)]
    [InlineData(34, 36, ArmShortQuirks.MediaTek | ArmShortQuirks.NoPermissions)]
    public void What_the_format_cannot_hold_is_refused(int input, int output, ArmShortQuirks quirks) =>
        Assert.Null(ArmShortPageTable.Create(_memory, _frames, new ArmShortConfig { InputBits = input, OutputBits = output, Quirks = quirks }));

    [Fact]
    public void MediaTeks_words_hold_35_bits_of_address()
    {
        var table = ArmShortPageTable.Create(
            _memory, _frames, new ArmShortConfig { InputBits = 34, OutputBits = 35, Quirks = ArmShortQuirks.MediaTek | ArmShortQuirks.NoPermissions | ArmShortQuirks.NonSecure })!;
        Assert.Equal(0x10000UL, table.RootBytes);
        Assert.Equal(Errno.None, table.Map(0x3_4c6c_1000, 0x7_1b59_7000, 0x1000, 1, Protection.Read, new InvalidationGather()).Errno);
        var level1 = _memory.Read32(table.Root + ((0x3_4c6c_1000UL >> 20) * 4));
        Assert.Equal(9u, level1 & 0x3ff);
        Assert.Equal(0x1b59_7000u | 0xc42 | 0x200 | 0x10 | 0x20, _memory.Read32((level1 & ArmShortEntry.TableMask) + (0xc1 * 4)));
        var walker = new ArmShortWalker(_memory, ArmShortWalkOptions.MediaTek | ArmShortWalkOptions.NoPermissions, 34);
        walker.Walk(table.Root, 0x3_4c6c_1abc, out var walk);
        Assert.Equal(0x7_1b59_7abcUL, walk.Translate(0x3_4c6c_1abc));
        Assert.Equal(PagePermissions.Read | PagePermissions.Write | PagePermissions.Execute, walk.Permissions);
    }

    [Fact]
    public void The_walker_tells_width_absence_bad_memory_and_a_clear_access_flag_apart()
    {
        var table = Table();
        Assert.Equal(WalkStatus.InputSize, Walk(table, 1UL << 32).Status);
        Assert.Equal((WalkStatus.NotPresent, (sbyte)1), (Walk(table, 0x5000).Status, Walk(table, 0x5000).Level));
        table.Map(0x5000, 0x5000, 0x1000, 1, ReadWrite, new InvalidationGather());
        Assert.Equal((WalkStatus.NotPresent, (sbyte)2), (Walk(table, 0x6000).Status, Walk(table, 0x6000).Level));
        _memory.Write32(table.Root + 8, 0xff00_0c01);
        using var small = new PhysicalMemory(new MemoryRange(0, 2UL << 20));
        new ArmShortWalker(small).Walk(0x4000_0000, 0x20_0000, out var aborted);
        Assert.Equal(WalkStatus.ReadAbort, aborted.Status);
        var level2 = _memory.Read32(table.Root) & ArmShortEntry.TableMask;
        _memory.Write32(level2 + 20, _memory.Read32(level2 + 20) & ~(ArmShortEntry.AccessFlag << 4));
        Assert.Equal(WalkStatus.AccessFlag, Walk(table, 0x5000).Status);
    }

    [Fact]
    public void Free_gives_every_table_back()
    {
        var table = Table();
        table.Map(0x5000, 0x5000, 0x1000, 1, ReadWrite, new InvalidationGather());
        table.Map(0x4000_0000, 0x5000, 0x1000, 1, ReadWrite, new InvalidationGather());
        table.Free();
        Assert.Equal(3, _frames.Freed);
    }

    private ArmShortPageTable Table() => ArmShortPageTable.Create(_memory, _frames, new ArmShortConfig())!;

    private WalkResult Walk(ArmShortPageTable table, ulong iova)
    {
        new ArmShortWalker(_memory).Walk(table.Root, iova, out var result);
        return result;
    }
}
