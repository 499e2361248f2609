using System.Diagnostics;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Benchmarks;

/// <summary>
/// The writers of page tables: 1 GiB, page by page and in larger pieces, into empty tables, their allocation included. Baseline: a bare store for each operation.
/// Output addresses are one page off, so that nothing merges.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(LinuxConfig))]
[BenchmarkCategory("page tables")]
public class PageTableBenchmarks
{
    private const int Pages = 1 << 18;
    private const int BigCalls = 8192;
    private const ulong PagesPerCall = 64;
    private const ulong GiB = 1UL << 30;
    private const ulong Tables = 0x8000_0000;
    private const ulong TablesLength = 0x4000_0000;
    private const Protection Allowed = Protection.Read | Protection.Write;

    private readonly PhysicalMemory _memory = new();
    private readonly InvalidationGather _gather = new();
    private IPageTable[] _tables = [];
    private IFrameAllocator _frames = null!;
    private unsafe ulong* _words;

    // As the kernel calls its operations: an indirect call. By the interface, all formats would be looked up in one site's cache.
    private delegate MapResult MapCall(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather);

    private delegate ulong UnmapCall(ulong iova, ulong pageSize, ulong count, InvalidationGather gather);

    /// <summary>The format.</summary>
    [ParamsSource(nameof(Formats))]
    public PageTableFormat Format { get; set; } = null!;

    public static IEnumerable<PageTableFormat> Formats => PageTableFormat.All;

    private ulong PagesPerTable => GiB / Format.Page;

    [GlobalSetup]
    public unsafe void Setup()
    {
        _frames = new FrameAllocator(_memory, Tables, TablesLength, OwnerTag.Host);
        _words = (ulong*)NativeMemory.AllocZeroed(Pages, sizeof(ulong));
        for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalMilliseconds < 600;)
        {
            MakeTables();
            MapPage();
            UnmapPage();
            MakeTables();
            MapMany();
            MakeTables();
            MapRange();
            UnmapRange();
            MakeBigTables();
            MapBig();
        }
    }

    [GlobalCleanup]
    public unsafe void Cleanup()
    {
        NativeMemory.Free(_words);
        _memory.Dispose();
    }

    [IterationSetup(Targets = [nameof(MapPage), nameof(MapMany), nameof(MapRange)])]
    public void MakeTables() => MakeTables(Pages / (int)PagesPerTable);

    [IterationSetup(Target = nameof(MapBig))]
    public void MakeBigTables() => MakeTables(BigCalls / Format.BigCalls);

    [IterationSetup(Targets = [nameof(UnmapPage), nameof(UnmapRange)])]
    public void MapEverything()
    {
        MakeTables();
        MapMany();
    }

    [Benchmark(Baseline = true, Description = "bare store", OperationsPerInvoke = Pages)]
    public unsafe void Store()
    {
        for (var page = 0; page < Pages; page++)
            Volatile.Write(ref _words[page], ((ulong)page << 12) | 3);
    }

    [Benchmark(Description = "map a page", OperationsPerInvoke = Pages)]
    public void MapPage()
    {
        foreach (var table in _tables)
        {
            MapCall map = table.Map;
            for (var iova = 0UL; iova < GiB; iova += Format.Page)
                Check(map(iova, iova + Format.Page, Format.Page, 1, Allowed, _gather).Mapped, Format.Page);
        }
    }

    [Benchmark(Description = "unmap a page", OperationsPerInvoke = Pages)]
    public void UnmapPage()
    {
        foreach (var table in _tables)
        {
            UnmapCall unmap = table.Unmap;
            for (var iova = 0UL; iova < GiB; iova += Format.Page)
            {
                Check(unmap(iova, Format.Page, 1, _gather), Format.Page);
                _gather.Clear();
            }
        }
    }

    [Benchmark(Description = "map big, per call", OperationsPerInvoke = BigCalls)]
    public void MapBig()
    {
        var (pageSize, count) = Format.BigCall;
        foreach (var table in _tables)
        {
            MapCall map = table.Map;
            for (var iova = 0UL; iova < Format.Big * (ulong)Format.BigCalls; iova += Format.Big)
                Check(map(iova, iova + Format.Big, pageSize, count, Allowed, _gather).Mapped, Format.Big);
        }
    }

    [Benchmark(Description = "map 64 pages, per page", OperationsPerInvoke = Pages)]
    public void MapMany()
    {
        var step = PagesPerCall * Format.Page;
        foreach (var table in _tables)
        {
            MapCall map = table.Map;
            for (var iova = 0UL; iova < GiB; iova += step)
                Check(map(iova, iova + Format.Page, Format.Page, PagesPerCall, Allowed, _gather).Mapped, step);
        }
    }

    [Benchmark(Description = "map the range, per page", OperationsPerInvoke = Pages)]
    public void MapRange()
    {
        foreach (var table in _tables)
            Check(DomainPaging.Map(table, 0, Format.Page, GiB, Allowed, _gather).Mapped, GiB);
    }

    [Benchmark(Description = "unmap the range, per page", OperationsPerInvoke = Pages)]
    public void UnmapRange()
    {
        foreach (var table in _tables)
        {
            Check(DomainPaging.Unmap(table, 0, GiB, _gather), GiB);
            foreach (var (address, bytes) in _gather.FreedTables)
                table.Release(address, bytes);
            _gather.Clear();
        }
    }

    private static void Check(ulong bytes, ulong expected)
    {
        if (bytes != expected)
            throw new InvalidOperationException($"0x{bytes:x} bytes in place of 0x{expected:x}");
    }

    private void MakeTables(int count)
    {
        foreach (var table in _tables)
            table.Free();
        _gather.Clear();
        _tables = new IPageTable[count];
        for (var i = 0; i < count; i++)
            _tables[i] = Format.Create(_memory, _frames);
    }
}
