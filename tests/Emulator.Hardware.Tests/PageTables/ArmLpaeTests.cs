using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.PageTables;

/// <summary>Long-descriptor tables, word by word and through the silicon's walk.</summary>
public sealed class ArmLpaeTests : IDisposable
{
    private const Protection ReadWriteCached = Protection.Read | Protection.Write | Protection.Cache;

    private readonly PhysicalMemory _memory = new();
    private readonly InvalidationGather _gather = new();

    public void Dispose() => _memory.Dispose();

    [Fact]
    public void Stage1_of_four_levels_maps_two_pages_with_the_kernels_words()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 40, 0x4020_1000, 0x8000_0000);
        Assert.Equal(0x2000UL, DomainPaging.Map(table, 0x1000_0000, 0x89AB_C000, 0x2000, ReadWriteCached, _gather).Mapped);
        Assert.Equal(0x8000_1003UL, _memory.Read64(0x8000_0000));
        Assert.Equal(0x8000_2003UL, _memory.Read64(0x8000_1000));
        Assert.Equal(0x8000_3003UL, _memory.Read64(0x8000_2400));
        Assert.Equal(0x89AB_CF47UL, _memory.Read64(0x8000_3000));
        Assert.Equal(0x89AB_DF47UL, _memory.Read64(0x8000_3008));
    }

    [Fact]
    public void Stage1_of_39_bits_maps_a_gigabyte_as_one_block()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 39, 40, 0x4020_1000, 0x9000_0000);
        DomainPaging.Map(table, 0x4000_0000, 0x8_C000_0000, 1 << 30, ReadWriteCached, _gather);
        Assert.Equal(0x8_C000_0F45UL, _memory.Read64(0x9000_0008));
    }

    [Fact]
    public void Pages_of_64K_carry_address_bits_51_to_48_in_bits_15_to_12()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 42, 52, 0x2001_0000, 0x9000_0000);
        DomainPaging.Map(table, 0x1_0000_0000, 0xA_0000_1234_0000, 0x1_0000, ReadWriteCached, _gather);
        var leaf = table.Walk<ArmLpaeStage1>(_memory, 0x1_0000_1234);
        Assert.Equal(0x0000_0000_1234_AF47UL, leaf.Entry);
        Assert.Equal(0xA_0000_1234_1234UL, leaf.Translate(0x1_0000_1234));
    }

    [Fact]
    public void Stage2_of_40_bits_puts_two_first_tables_side_by_side()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage2, 40, 40, 0x4020_1000, 0x9000_0000);
        DomainPaging.Map(table, 0x8000_0000, 0x8_8000_0000, 0x1000, ReadWriteCached, _gather);
        Assert.Equal(0x2000UL, table.Layout.RootBytes);
        Assert.Equal(0x9000_2003UL, _memory.Read64(0x9000_0010));
        Assert.Equal(0x8_8000_07FFUL, table.Walk<ArmLpaeStage2>(_memory, 0x8000_0000).Entry);
    }

    [Fact]
    public void A_failed_map_has_already_destroyed_the_tables_it_passed()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 48, 0x4020_1000, 0x8000_0000);
        table.Map(0x20_0000, 0x1000_0000, 0x1000, 1, ReadWriteCached, _gather);
        table.Map(0x40_0000, 0x2000_0000, 0x20_0000, 1, ReadWriteCached, _gather);
        Assert.Equal(Errno.EEXIST, table.Map(0x20_0000, 0x4000_0000, 0x20_0000, 2, ReadWriteCached, _gather).Errno);
        Assert.Null(table.Lookup(0x20_0000));
        Assert.Equal(0x2000_0000UL, table.Lookup(0x40_0000));
        Assert.Equal(InvalidationKind.Walk, Assert.Single(_gather.Requests).Kind);
    }

    [Theory]
    [InlineData(1UL << 48, WalkStatus.InputSize)]
    [InlineData(0x7000_0000UL, WalkStatus.NotPresent)]
    [InlineData(0x1000_0000UL, WalkStatus.AccessFlag)]
    [InlineData(0x1000_1000UL, WalkStatus.OutputSize)]
    [InlineData(0x1000_2000UL, WalkStatus.Reserved)]
    [InlineData(0x1000_3000UL, WalkStatus.Ok)]
    public void The_walk_says_what_is_wrong_with_a_leaf(ulong iova, WalkStatus expected)
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 40, 0x1000, 0x8000_0000);
        DomainPaging.Map(table, 0x1000_0000, 0x2000_0000, 0x4000, ReadWriteCached, _gather);
        var leaves = table.Walk<ArmLpaeStage1>(_memory, 0x1000_0000).EntryAddress;
        _memory.Write64(leaves, _memory.Read64(leaves) & ~ArmLpaeEntry.Accessed);
        _memory.Write64(leaves + 8, _memory.Read64(leaves + 8) | (1UL << 41));
        _memory.Write64(leaves + 16, _memory.Read64(leaves + 16) & ~2UL);
        var walk = table.Walk<ArmLpaeStage1>(_memory, iova);
        Assert.Equal(expected, walk.Status);
    }

    [Fact]
    public void A_table_outside_memory_ends_the_walk_with_its_address()
    {
        using var small = new PhysicalMemory(new MemoryRange(0, 1 << 30));
        small.Write64(0x1000, 0x4000_0003);
        var reader = new MemoryTableReader(small);
        ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, new ArmLpaeRegime(0x1000, 12, 0, 48, 48), 0x4000_0000, out var walk);
        Assert.Equal(WalkStatus.ReadAbort, walk.Status);
        Assert.Equal(0x4000_0008UL, walk.EntryAddress);
        Assert.Equal(1, walk.Level);
    }

    [Fact]
    public void Table_attributes_take_rights_away_from_all_pages_below()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 40, 0x1000, 0x8000_0000);
        DomainPaging.Map(table, 0, 0x2000_0000, 0x1000, ReadWriteCached, _gather);
        _memory.Write64(0x8000_0000, _memory.Read64(0x8000_0000) | ArmLpaeEntry.TableReadOnly | ArmLpaeEntry.TablePrivileged | ArmLpaeEntry.TableNoExecute);
        Assert.Equal(PagePermissions.Read | PagePermissions.PrivilegedOnly, table.Walk<ArmLpaeStage1>(_memory, 0).Permissions);
    }

    [Fact]
    public void A_clean_page_may_be_written_only_where_the_silicon_marks_it()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 40, 0x1000, 0x8000_0000, ArmLpaeQuirks.HardwareDirty);
        DomainPaging.Map(table, 0, 0x2000_0000, 0x1000, ReadWriteCached, _gather);
        var dirty = new List<(ulong, ulong)>();
        Assert.Equal(Errno.None, table.ReadDirty(0, 0x1000, clear: true, dirty));
        Assert.Equal([(0UL, 0x1000UL)], dirty);
        dirty.Clear();
        Assert.Equal(Errno.None, table.ReadDirty(0, 0x1000, clear: true, dirty));
        Assert.Empty(dirty);
        Assert.Equal(PagePermissions.None, table.Walk<ArmLpaeStage1>(_memory, 0).Permissions & PagePermissions.Write);
        Assert.Equal(PagePermissions.Write, table.Walk<ArmLpaeStage1>(_memory, 0, ArmLpaeWalkOptions.HardwareDirty).Permissions & PagePermissions.Write);
    }

    [Fact]
    public void Dirty_pages_before_a_hole_are_told_and_marked_clean_though_the_call_fails()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 40, 0x1000, 0x8000_0000, ArmLpaeQuirks.HardwareDirty);
        DomainPaging.Map(table, 0, 0x2000_0000, 0x1000, ReadWriteCached, _gather);
        var dirty = new List<(ulong, ulong)>();
        Assert.Equal(Errno.EINVAL, table.ReadDirty(0, 0x2000, clear: true, dirty));
        Assert.Equal([(0UL, 0x1000UL)], dirty);
        Assert.Equal(PagePermissions.None, table.Walk<ArmLpaeStage1>(_memory, 0).Permissions & PagePermissions.Write);
    }

    [Fact]
    public void Unmapping_pages_of_two_sizes_invalidates_the_first_size_before_the_second_run_goes_on()
    {
        var table = Create(ArmLpaeFormat.Arm64Stage1, 48, 40, 0x20_1000, 0x8000_0000);
        DomainPaging.Map(table, 0x1f_f000, 0x401f_f000, 0x20_2000, ReadWriteCached, _gather);
        var mappedAtInvalidation = new List<bool>();
        InvalidationGather? gather = null;
        gather = new InvalidationGather
        {
            InvalidateRun = () =>
            {
                mappedAtInvalidation.Add(table.Lookup(0x40_0000) != null);
                gather!.Clear();
            },
        };
        Assert.Equal(0x20_2000UL, DomainPaging.Unmap(table, 0x1f_f000, 0x20_2000, gather));
        Assert.Equal([true, false], mappedAtInvalidation);
        Assert.Equal(0x40_0000UL, Assert.Single(gather.Requests).Iova);
    }

    private ArmLpaePageTable Create(ArmLpaeFormat format, int inputBits, int outputBits, ulong pageSizes, ulong root, ArmLpaeQuirks quirks = ArmLpaeQuirks.None) =>
        ArmLpaePageTable.Create(_memory, new FrameAllocator(_memory, root, 1 << 24, OwnerTag.Host), new ArmLpaeConfig
        {
            Format = format,
            InputBits = inputBits,
            OutputBits = outputBits,
            PageSizeBitmap = pageSizes,
            Quirks = quirks,
            Kernel = KernelVersion.Linux612,
        })!;
}
