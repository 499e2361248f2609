using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Tests.Iommus.AmdVi;

public sealed class WorkedExampleTests
{
    private const ulong Root = 0x1_0001_0000;
    private const PagePermissions ReadWrite = PagePermissions.Read | PagePermissions.Write;

    [Theory]
    [InlineData(0x12345000, 0x1_2345_6000, 0x1000, Protection.Read | Protection.Write, 0x7000_0001_2345_6001, 12)]
    [InlineData(0x40000000, 0x2_4000_0000, 0x200000, Protection.Read | Protection.Write, 0x7000_0002_4000_0001, 21)]
    [InlineData(0x00810000, 0x3_00a1_0000, 0x10000, Protection.Read, 0x3000_0003_00a1_7e01, 16)]
    [InlineData(0x80000000, 0x4_0000_0000, 0x40000000, Protection.Write, 0x5000_0004_0000_0001, 30)]
    public void A_host_page_is_written_and_walked_as_the_sheet_computes(ulong iova, ulong physical, ulong size, Protection protection, ulong leaf, int shift)
    {
        using var memory = new PhysicalMemory();
        var table = new AmdV1PageTable(memory, new FrameAllocator(memory, Root, 0x100000, OwnerTag.Host), KernelVersion.Linux61);

        Assert.Equal(new MapResult(Errno.None, size), table.Map(iova, physical, size, 1, protection, new InvalidationGather()));

        AmdV1Walker.Walk(memory, table.Root, table.Levels, iova + 0x123, ReadWrite, out var walk);
        Assert.Equal(WalkStatus.Ok, walk.Status);
        Assert.Equal(leaf, walk.Entry);
        Assert.Equal(shift, walk.PageShift);
        Assert.Equal(physical + 0x123, walk.Translate(iova + 0x123));
        Assert.Equal((PagePermissions)protection & ReadWrite, walk.Permissions);
    }

    [Fact]
    public void Tables_above_a_host_page_carry_the_level_below()
    {
        using var memory = new PhysicalMemory();
        var table = new AmdV1PageTable(memory, new FrameAllocator(memory, Root, 0x100000, OwnerTag.Host), KernelVersion.Linux61);

        table.Map(0x12345000, 0x1_2345_6000, 0x1000, 1, Protection.Read, new InvalidationGather());

        Assert.Equal(0x6000_0001_0001_1401UL, memory.Read64(Root));
        Assert.Equal(0x6000_0001_0001_2201UL, memory.Read64(0x1_0001_1000 + (0x91 * 8)));
    }

    [Fact]
    public void A_page_of_64_KiB_is_repeated_in_16_entries_and_each_translates()
    {
        using var memory = new PhysicalMemory();
        var table = new AmdV1PageTable(memory, new FrameAllocator(memory, Root, 0x100000, OwnerTag.Host), KernelVersion.Linux612);
        table.Map(0x810000, 0x3_00a1_0000, 0x10000, 1, Protection.Read, new InvalidationGather());

        for (var page = 0UL; page < 16; page++)
        {
            AmdV1Walker.Walk(memory, table.Root, table.Levels, 0x810000 + (page << 12), ReadWrite, out var walk);
            Assert.Equal(0x3_00a1_0000 + (page << 12), walk.Translate(0x810000 + (page << 12)));
            Assert.Equal(0x3000_0003_00a1_7e01UL, walk.Entry);
        }

        Assert.Equal(0x10000UL, table.Unmap(0x815000, 0x1000, 1, new InvalidationGather()));
        for (var page = 0UL; page < 16; page++)
        {
            AmdV1Walker.Walk(memory, table.Root, table.Levels, 0x810000 + (page << 12), ReadWrite, out var walk);
            Assert.Equal(WalkStatus.NotPresent, walk.Status);
        }
    }

    [Fact]
    public void An_address_beyond_39_bits_adds_a_level_and_moves_the_root()
    {
        using var memory = new PhysicalMemory();
        var table = new AmdV1PageTable(memory, new FrameAllocator(memory, Root, 0x100000, OwnerTag.Host), KernelVersion.Linux61);
        var gather = new InvalidationGather();

        table.Map(0x80_0012_3000, 0x5_5555_5000, 0x1000, 1, Protection.Read | Protection.Write, gather);

        Assert.Equal(4, table.Levels);
        Assert.NotEqual(Root, table.Root);
        Assert.Contains(gather.Requests, request => request.Kind == InvalidationKind.Root);
        AmdV1Walker.Walk(memory, table.Root, 4, 0x80_0012_3000, ReadWrite, out var walk);
        Assert.Equal(0x7000_0005_5555_5001UL, walk.Entry);
        Assert.Equal(0x6000_0001_0001_0601UL, memory.Read64(table.Root));
    }

    [Fact]
    public void A_terabyte_page_lands_on_the_wrong_level_in_6_1_and_grows_the_table_in_6_12()
    {
        using var memory = new PhysicalMemory();
        var frames = new FrameAllocator(memory, Root, 0x100000, OwnerTag.Host);
        var older = new AmdV1PageTable(memory, frames, KernelVersion.Linux61);
        var newer = new AmdV1PageTable(memory, frames, KernelVersion.Linux612);
        older.Map(0, 0, 1UL << 40, 1, Protection.Read, new InvalidationGather());
        newer.Map(0, 0, 1UL << 40, 1, Protection.Read, new InvalidationGather());

        Assert.Equal(3, older.Levels);
        Assert.Equal(4, newer.Levels);
        AmdV1Walker.Walk(memory, older.Root, older.Levels, 1UL << 31, ReadWrite, out var beyond);
        Assert.Equal(WalkStatus.NotPresent, beyond.Status);
        AmdV1Walker.Walk(memory, newer.Root, newer.Levels, 1UL << 39, ReadWrite, out var inside);
        Assert.Equal(1UL << 39, inside.Translate(1UL << 39));
    }

    [Fact]
    public void Guest_pages_have_the_x86_format()
    {
        using var memory = new PhysicalMemory();
        var table = new AmdV2PageTable(memory, new FrameAllocator(memory, Root, 0x100000, OwnerTag.Host), KernelVersion.Linux61);
        table.Map(0x12345000, 0x1_2345_6000, 0x1000, 1, Protection.Read | Protection.Write, new InvalidationGather());
        table.Map(0x12346000, 0x1_2345_6000, 0x1000, 1, Protection.Read, new InvalidationGather());
        table.Map(0x40000000, 0x2_4000_0000, 0x200000, 1, Protection.Read | Protection.Write, new InvalidationGather());

        Assert.Equal(0x1_2345_6067UL, EntryAt(0x12345000));
        Assert.Equal(0x1_2345_6065UL, EntryAt(0x12346000));
        Assert.Equal(0x2_4000_00e7UL, EntryAt(0x40000000));
        Assert.Equal(0x1_0001_1027UL, memory.Read64(table.Root));

        ulong EntryAt(ulong iova)
        {
            AmdV2Walker.Walk(memory, table.Root, table.Levels, iova, ReadWrite, out var walk);
            return walk.Entry;
        }
    }

    [Fact]
    public void The_GCR3_table_is_spread_over_three_fields()
    {
        var (word0, word1) = AmdViDeviceTableEntry.EncodeGcr3(0x1_2345_6000);
        var entry = new AmdViDeviceTableEntry(
            word0 | AmdViDeviceTableEntry.ValidBit | AmdViDeviceTableEntry.TranslationValidBit | AmdViDeviceTableEntry.GuestIoBit | AmdViDeviceTableEntry.GuestValidBit
            | AmdViDeviceTableEntry.ReadBit | AmdViDeviceTableEntry.WriteBit,
            word1 | 0x12);

        Assert.Equal(0x78c0_0000_0000_0003UL, entry.Word0);
        Assert.Equal(0x0000_1000_468a_0012UL, entry.Word1);
        Assert.Equal(0x1_2345_6000UL, entry.Gcr3Root);
    }

    public static TheoryData<ulong, ulong, uint, uint, uint, uint> Commands => new()
    {
        { Words(AmdViCommand.InvalidateDevice(0x300)).Item1, Words(AmdViCommand.InvalidateDevice(0x300)).Item2, 0x300, 0x20000000, 0, 0 },
        { Words(AmdViCommand.CompletionWait(0x1_0002_0000, 7)).Item1, 7, 0x20001, 0x10000001, 7, 0 },
        { Words(AmdViCommand.InvalidatePages(0x12, 0, AmdViCommand.AllPages)).Item1, Words(AmdViCommand.InvalidatePages(0x12, 0, AmdViCommand.AllPages)).Item2, 0, 0x30000012, 0xfffff003, 0x7fffffff },
        { Words(AmdViCommand.InvalidatePages(0x12, 0x12345000, 0x1000)).Item1, Words(AmdViCommand.InvalidatePages(0x12, 0x12345000, 0x1000)).Item2, 0, 0x30000012, 0x12345002, 0 },
        { Words(AmdViCommand.InvalidatePages(0x12, 0x12345000, 0x3000)).Item1, Words(AmdViCommand.InvalidatePages(0x12, 0x12345000, 0x3000)).Item2, 0, 0x30000012, 0x12345003, 0 },
        { Words(AmdViCommand.InvalidateDeviceTlb(0x300, 8, 0, ulong.MaxValue)).Item1, Words(AmdViCommand.InvalidateDeviceTlb(0x300, 8, 0, ulong.MaxValue)).Item2, 0x08000300, 0x40000300, 0xfffff001, 0x7fffffff },
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public void Commands_are_encoded_as_Linux_builds_them(ulong word0, ulong word1, uint dw0, uint dw1, uint dw2, uint dw3)
    {
        Assert.Equal(dw0 | ((ulong)dw1 << 32), word0);
        Assert.Equal(dw2 | ((ulong)dw3 << 32), word1);
    }

    [Fact]
    public void An_invalidation_of_12_KiB_at_12345000_names_16_KiB_at_12344000()
    {
        Assert.Equal((0x12344000UL, 0x12347fffUL), AmdViCommand.InvalidatePages(0x12, 0x12345000, 0x3000).Range);
        Assert.Equal((0UL, ulong.MaxValue), AmdViCommand.InvalidatePages(0x12, 0, AmdViCommand.AllPages).Range);
    }

    private static (ulong, ulong) Words(AmdViCommand command) => (command.Word0, command.Word1);
}
