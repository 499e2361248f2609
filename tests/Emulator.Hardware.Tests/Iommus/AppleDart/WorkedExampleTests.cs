using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Dart;

namespace Emulator.Hardware.Tests.Iommus.AppleDart;

/// <summary>Words worked out by hand from the formats of Linux's io-pgtable-dart.c and apple-dart.c.</summary>
public sealed class WorkedExampleTests
{
    [Theory]
    [InlineData("t8103", 14, 0x00004000, 0x812348000, Protection.Read | Protection.Write, 0, 0, 1, 0x000fff0812348003)]
    [InlineData("t8103", 14, 0xffffc000, 0x9f0004000, Protection.Read, 0, 127, 2047, 0x000fff09f0004083)]
    [InlineData("t6000", 14, 0x12340000, 0x1002345c000, Protection.Write | Protection.Cache, 0, 9, 208, 0x000fff1002345c0b)]
    [InlineData("t6000", 14, 0x12340000, 0x1002345c000, Protection.Write, 0, 9, 208, 0x000fff1002345c0b)]
    [InlineData("t6000", 14, 0x80000000, 0x10000000000, Protection.Read | Protection.Write, 0, 64, 0, 0x000fff1000000003)]
    [InlineData("t8103", 12, 0xc0201000, 0x800001000, Protection.Read | Protection.Write, 3, 1, 1, 0x000fff0800001003)]
    public void A_mapping_puts_this_leaf_there(string variant, int pageShift, ulong iova, ulong physical, Protection protection, int table, ulong first, ulong second, ulong leaf)
    {
        using var memory = new PhysicalMemory();
        var frames = new FrameAllocator(memory, 0x801000000, 1 << 20, OwnerTag.Host);
        var hardware = AppleDartHardware.All.Single(hardware => hardware.Name == variant);
        var options = new DartPageTableOptions(32, hardware.Format.OutputBits, 1UL << pageShift);
        var tables = DartPageTable.Create(memory, frames, hardware.Format, options)!;

        var result = tables.Map(iova, physical, 1UL << pageShift, 1, protection, new InvalidationGather());

        Assert.Equal(new MapResult(Errno.None, 1UL << pageShift), result);
        var entry = memory.Read64(tables.Tables[table] + (first * 8));
        Assert.Equal(leaf, memory.Read64(hardware.Format.DecodeAddress(entry) + (second * 8)));
    }

    [Theory]
    [InlineData("t8103", 0x801004000, 0x0000000801004001)]
    [InlineData("t6000", 0x10001004000, 0x0000001000100401)]
    public void A_first_level_entry_points_to_its_table(string variant, ulong table, ulong entry)
    {
        using var memory = new PhysicalMemory();
        var hardware = AppleDartHardware.All.Single(hardware => hardware.Name == variant);

        // The first-level table comes first, the second-level one follows it.
        var frames = new FrameAllocator(memory, table - 0x4000, 1 << 20, OwnerTag.Host);
        var tables = DartPageTable.Create(memory, frames, hardware.Format, new DartPageTableOptions(32, hardware.Format.OutputBits, 1 << 14))!;
        tables.Map(0, 0x800000000, 1 << 14, 1, Protection.Read, new InvalidationGather());

        Assert.Equal(entry, memory.Read64(tables.Tables[0]));
    }

    [Theory]
    [InlineData("t8103", 0x801000000, 0x80801000)]
    [InlineData("t6000", 0x10001000000, 0x90001000)]
    [InlineData("t8110", 0x10001000000, 0x10001001)]
    public void A_TTBR_points_to_the_first_level_table(string variant, ulong table, uint ttbr)
    {
        var hardware = AppleDartHardware.All.Single(hardware => hardware.Name == variant);

        Assert.Equal(ttbr, hardware.EncodeTtbr(table));
        Assert.Equal(table, hardware.DecodeTtbr(ttbr));
    }

    [Theory]
    [InlineData(33, 36, 1 << 12, true)]
    [InlineData(32, 40, 1 << 14, true)]
    [InlineData(38, 36, 1 << 14, true)]
    [InlineData(32, 36, 1 << 16, true)]
    [InlineData(32, 36, 1 << 14, false)]
    public void The_kernel_refuses_tables_that_no_DART_has(int inputBits, int outputBits, ulong granule, bool coherent)
    {
        using var memory = new PhysicalMemory();
        var frames = new FrameAllocator(memory, 0, 1 << 20, OwnerTag.Host);

        Assert.Null(DartPageTable.Create(memory, frames, DartFormat.Dart1, new DartPageTableOptions(inputBits, outputBits, granule, coherent)));
    }
}
