using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.PageTables.Dart;
using Emulator.Hardware.PageTables.Vtd;

namespace Emulator.Hardware.Tests.PageTables;

/// <summary>One call for many pages leaves what as many calls leave.</summary>
public sealed class ManyPagesTests
{
    private const ulong Tables = 0x8000_0000;
    private const ulong Length = 4 * PhysicalMemory.BankSize;
    private const Protection Allowed = Protection.Read | Protection.Write;

    public static TheoryData<string> Formats => [.. Makers.Keys];

    private static Dictionary<string, Func<PhysicalMemory, IFrameAllocator, IPageTable>> Makers { get; } = new(StringComparer.Ordinal)
    {
        ["LPAE 6.1"] = (memory, frames) => Lpae(memory, frames, KernelVersion.Linux61),
        ["LPAE 6.12"] = (memory, frames) => Lpae(memory, frames, KernelVersion.Linux612),
        ["v7s"] = (memory, frames) => ArmShortPageTable.Create(memory, frames, new ArmShortConfig())!,
        ["DART1 16K"] = (memory, frames) => DartPageTable.Create(memory, frames, DartFormat.Dart1, new DartPageTableOptions(32, 36, 1 << 14))!,
        ["DART2 16K"] = (memory, frames) => DartPageTable.Create(memory, frames, DartFormat.Dart2, new DartPageTableOptions(32, 42, 1 << 14))!,
        ["AMD v1"] = (memory, frames) => new AmdV1PageTable(memory, frames, KernelVersion.Linux612),
        ["AMD v2"] = (memory, frames) => new AmdV2PageTable(memory, frames, KernelVersion.Linux612),
        ["VT-d second"] = (memory, frames) => new VtdPageTable(memory, frames, new VtdPageTableOptions { Kernel = KernelVersion.Linux612 }),
        ["VT-d first"] = (memory, frames) => new VtdPageTable(memory, frames, new VtdPageTableOptions { Kernel = KernelVersion.Linux61, FirstLevel = true }),
    };

    [Theory]
    [MemberData(nameof(Formats))]
    public void Words_and_requests_are_the_same(string format)
    {
        using var alone = new Side(format);
        using var together = new Side(format);
        var page = alone.Page;
        // More than a table of any of these formats, from the middle of one.
        var count = (page >> 3) + 100;
        var iova = 77 * page;
        for (var i = 0UL; i < count; i++)
            Assert.Equal(page, alone.Table.Map(iova + (i * page), (3 + i) * page, page, 1, Allowed, alone.Gather).Mapped);
        together.Map(iova, 3 * page, count);
        Assert.Equal(alone.Words(), together.Words());

        for (var i = 5UL; i < count - 5; i++)
            Assert.Equal(page, alone.Table.Unmap(iova + (i * page), page, 1, alone.Gather));
        together.Unmap(iova + (5 * page), count - 10);
        Assert.Equal(alone.Words(), together.Words());
        Assert.Equal((alone.Gather.Start, alone.Gather.End), (together.Gather.Start, together.Gather.End));
        Assert.Equal(7 * page, together.Table.Lookup(iova + (4 * page)));
        Assert.Null(together.Table.Lookup(iova + (5 * page)));
    }

    [Theory]
    [InlineData("DART1 16K", 36)]
    [InlineData("DART2 16K", 42)]
    public void Pages_beyond_the_output_size_lose_address_bits_as_they_do_alone(string format, int outputBits)
    {
        using var alone = new Side(format);
        using var together = new Side(format);
        var page = alone.Page;
        var physical = (1UL << outputBits) - (4 * page);
        for (var i = 0UL; i < 4; i++)
            alone.Table.Map(i * page, physical + (i * page), page, 1, Allowed, alone.Gather);
        Assert.Equal(8 * page, together.Table.Map(0, physical, page, 8, Allowed, together.Gather).Mapped);
        Assert.Equal(alone.Table.Lookup(3 * page), together.Table.Lookup(3 * page));
        Assert.Equal(0UL, together.Table.Lookup(4 * page));
    }

    private static ArmLpaePageTable Lpae(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel) => ArmLpaePageTable.Create(
        memory, frames, new ArmLpaeConfig { Format = ArmLpaeFormat.Arm64Stage1, InputBits = 48, OutputBits = 48, PageSizeBitmap = 0x4020_1000, Kernel = kernel })!;

    private sealed class Side : IDisposable
    {
        private readonly PhysicalMemory _memory = new();

        public Side(string format) => Table = Makers[format](_memory, new FrameAllocator(_memory, Tables, Length, OwnerTag.Host));

        public IPageTable Table { get; }

        public InvalidationGather Gather { get; } = new();

        public ulong Page => Table.PageSizeBitmap & (0 - Table.PageSizeBitmap);

        public byte[] Words()
        {
            var bytes = new byte[Length];
            _memory.Read(Tables, bytes);
            return bytes;
        }

        public void Dispose() => _memory.Dispose();

        // Some formats end a call at the end of a table.
        public void Map(ulong iova, ulong physical, ulong count)
        {
            for (var done = 0UL; done < count;)
                done += Taken(Table.Map(iova + (done * Page), physical + (done * Page), Page, count - done, Allowed, Gather).Mapped);
        }

        public void Unmap(ulong iova, ulong count)
        {
            for (var done = 0UL; done < count;)
                done += Taken(Table.Unmap(iova + (done * Page), Page, count - done, Gather));
        }

        private ulong Taken(ulong bytes)
        {
            Assert.NotEqual(0UL, bytes);
            return bytes / Page;
        }
    }
}
