using System.Diagnostics;
using BenchmarkDotNet.Attributes;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Benchmarks;

/// <summary>The silicon's walkers at random pages of a range. Baseline: as many dependent loads of plain pointers, in a tree of the same shape.</summary>
[MemoryDiagnoser]
[Config(typeof(LinuxConfig))]
public class PageTableWalkBenchmarks
{
    private const int Lookups = 1 << 18;
    private const ulong Tables = 0x8000_0000;
    private const ulong TablesLength = 0x1000_0000;

    private PhysicalMemory _memory = null!;
    private PlainTree _tree = null!;
    private WalkLoop _loop = null!;
    private int _pages;

    /// <summary>The format.</summary>
    [ParamsSource(nameof(Formats))]
    public PageTableFormat Format { get; set; } = null!;

    /// <summary>The range, in MiB.</summary>
    [Params(16, 1024)]
    public int MiB { get; set; }

    public static IEnumerable<PageTableFormat> Formats => PageTableFormat.All;

    [GlobalSetup]
    public void Setup()
    {
        _memory = new PhysicalMemory();
        _pages = (int)(((ulong)MiB << 20) / Format.Page);
        _tree = new PlainTree(Format.Levels, Format.LeafBits, _pages);
        var table = Format.Create(_memory, new FrameAllocator(_memory, Tables, TablesLength, OwnerTag.Host));
        DomainPaging.Map(table, 0, Format.Page, (ulong)MiB << 20, Protection.Read | Protection.Write, new InvalidationGather());
        _loop = Format.Walker(_memory, table);
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < 500;)
        {
            Loads();
            Walk();
            ChainedLoads();
            ChainedWalk();
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _tree.Dispose();
        _memory.Dispose();
    }

    [BenchmarkCategory("page tables, walk")]
    [Benchmark(Baseline = true, Description = "dependent loads", OperationsPerInvoke = Lookups)]
    public ulong Loads() => _tree.Independent(_pages, Lookups);

    [BenchmarkCategory("page tables, walk")]
    [Benchmark(Description = "walk", OperationsPerInvoke = Lookups)]
    public ulong Walk() => _loop.Independent(_pages, Format.PageShift, Lookups);

    [BenchmarkCategory("page tables, chained walk")]
    [Benchmark(Baseline = true, Description = "dependent loads, chained", OperationsPerInvoke = Lookups)]
    public ulong ChainedLoads() => _tree.Chained(_pages, Lookups);

    [BenchmarkCategory("page tables, chained walk")]
    [Benchmark(Description = "chained walk", OperationsPerInvoke = Lookups)]
    public ulong ChainedWalk() => _loop.Chained(_pages, Format.PageShift, Lookups);
}
