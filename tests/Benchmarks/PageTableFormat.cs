using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.PageTables.Dart;
using Emulator.Hardware.PageTables.Vtd;

namespace Emulator.Benchmarks;

/// <summary>A page-table format with its writer, its walker, its shape, and what the kernel's own code takes.</summary>
/// <param name="Name">The format.</param>
/// <param name="Levels">Table words that a walk reads.</param>
/// <param name="Page">Bytes of the smallest page.</param>
/// <param name="Big">Bytes of a "big" call: a block or section; where the format has none, 2 MiB of pages.</param>
/// <param name="BigCalls">Calls of that size in one table.</param>
/// <param name="Linux">Figures of the kernel's code.</param>
/// <param name="Create">Makes an empty table.</param>
/// <param name="Walker">Makes the silicon's walk of a table.</param>
public sealed record PageTableFormat(
    string Name,
    int Levels,
    ulong Page,
    ulong Big,
    int BigCalls,
    LinuxFigures Linux,
    Func<PhysicalMemory, IFrameAllocator, IPageTable> Create,
    Func<PhysicalMemory, IPageTable, WalkLoop> Walker)
{
    private const ulong Small = 0x1000;
    private const ulong Block = 0x20_0000;

    /// <summary>The formats.</summary>
    public static IReadOnlyList<PageTableFormat> All { get; } =
    [
        new(
            "LPAE S1 4K", 4, Small, Block, 8192, new LinuxFigures(18.1, 14.3, 15.6, 1.54, 9.8, 13.3, 11.2, 21.4),
            (memory, frames) => ArmLpaePageTable.Create(memory, frames, new ArmLpaeConfig
            {
                Format = ArmLpaeFormat.Arm64Stage1, InputBits = 48, OutputBits = 48, PageSizeBitmap = 0x4020_1000, Kernel = KernelVersion.Linux612,
            })!,
            (memory, table) => WalkLoop.Of(new PageTableWalks.Lpae(memory, ((ArmLpaePageTable)table).Root))),
        new(
            "ARMv7s", 2, Small, 0x10_0000, 2048, new LinuxFigures(13.1, 12.9, 11.1, 9.00, 8.7, 9.8, 9.2, 15.8),
            (memory, frames) => ArmShortPageTable.Create(memory, frames, new ArmShortConfig())!,
            (memory, table) => WalkLoop.Of(new PageTableWalks.Short(memory, ((ArmShortPageTable)table).Root))),
        Dart("DART v1 16K", 1 << 14, new LinuxFigures(8.5, 6.8, 141.0, 1.18, 4.9, 5.4, 7.7, 11.8)),
        Dart("DART v1 4K", Small, new LinuxFigures(8.7, 7.0, 551.3, 1.21, 5.0, 7.5, 8.2, 18.9)),
        new(
            "AMD v1", 3, Small, Block, 8192, new LinuxFigures(12.8, 20.1, 11.6, 7.51, 7.0, 9.7, 9.9, 21.1),
            (memory, frames) => new AmdV1PageTable(memory, frames, KernelVersion.Linux612),
            (memory, table) => WalkLoop.Of(new PageTableWalks.AmdV1(memory, ((AmdV1PageTable)table).Root))),
        new(
            "AMD v2", 4, Small, Block, 8192, new LinuxFigures(10.1, 6.5, 9.1, 5.57, 5.9, 8.6, 11.3, 22.8),
            (memory, frames) => new AmdV2PageTable(memory, frames, KernelVersion.Linux612),
            (memory, table) => WalkLoop.Of(new PageTableWalks.AmdV2(memory, ((AmdV2PageTable)table).Root))),
        new(
            "VT-d second level", 4, Small, Block, 8192, new LinuxFigures(14.7, 28.7, 21.1, 1.96, 9.1, 12.5, 11.8, 22.9),
            (memory, frames) => new VtdPageTable(memory, frames, new VtdPageTableOptions { Kernel = KernelVersion.Linux612 }),
            (memory, table) => WalkLoop.Of(new PageTableWalks.VtdSecond(memory, ((VtdPageTable)table).Root))),
        new(
            "VT-d first level", 4, Small, Block, 8192, new LinuxFigures(14.8, 29.1, 21.0, 1.99, 9.0, 12.3, 11.7, 22.8),
            (memory, frames) => new VtdPageTable(memory, frames, new VtdPageTableOptions { Kernel = KernelVersion.Linux612, FirstLevel = true }),
            (memory, table) => WalkLoop.Of(new PageTableWalks.VtdFirst(memory, ((VtdPageTable)table).Root))),
    ];

    /// <summary>log2 of the smallest page.</summary>
    public int PageShift => BitOperations.TrailingZeroCount(Page);

    /// <summary>log2 of the entries of a lowest table.</summary>
    public int LeafBits => Levels == 2 && Big != Block ? ArmShortEntry.Level2Bits : PageShift - 3;

    /// <summary>The size that a "big" call asks for, and how many of it.</summary>
    public (ulong PageSize, ulong Count) BigCall => Levels == 2 && Big == Block ? (Page, Big / Page) : (Big, 1);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static PageTableFormat Dart(string name, ulong page, LinuxFigures linux) => new(
        name, 2, page, Block, 1024, linux,
        (memory, frames) => DartPageTable.Create(memory, frames, DartFormat.Dart1, new DartPageTableOptions(32, 36, page))!,
        (memory, table) => WalkLoop.Of(new PageTableWalks.Dart(memory, ((DartPageTable)table).Tables[0], BitOperations.TrailingZeroCount(page))));
}
