using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>A VT-d unit in legacy mode, 4 KiB pages and four levels, in batches of 256: IOTLB hits of one requester, hits of four in turn, and walks over
/// a working set of 16 MiB without an IOTLB.</summary>
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[MemoryDiagnoser]
public class IntelVtdBenchmarks
{
    private const int Batch = 256;
    private const ulong WorkingSet = 16UL << 20;
    private const ulong Root = 0x1000_0000;
    private const ulong Context = 0x1000_1000;
    private const ulong Tables = 0x2000_0000;

    private readonly PhysicalMemory _memory = new();
    private readonly IntelVtdIommu _caching;
    private readonly IntelVtdIommu _walking;
    private readonly DmaRequest[] _near = new DmaRequest[Batch];
    private readonly DmaRequest[] _fourSources = new DmaRequest[Batch];
    private readonly DmaRequest[] _far = new DmaRequest[Batch];
    private readonly DmaCompletion[] _completions = new DmaCompletion[Batch];

    public IntelVtdBenchmarks()
    {
        _memory.Write64(Tables, (Tables + 0x1000) | 3);
        _memory.Write64(Tables + 0x1000, (Tables + 0x2000) | 3);
        for (var page = 0UL; page < WorkingSet >> 12; page++)
        {
            var leafTable = Tables + 0x3000 + ((page >> 9) << 12);
            _memory.Write64(Tables + 0x2000 + ((page >> 9) * 8), leafTable | 3);
            _memory.Write64(leafTable + ((page & 511) * 8), (0x4000_0000 + (page << 12)) | 3);
        }

        _memory.Write64(Root, Context | 1);
        for (var source = 0u; source < 4; source++)
        {
            var entry = VtdContextEntry.Create(VtdTranslationType.SecondLevel, Tables, 2, (ushort)(source + 1));
            _memory.Write64(Context + (source * 16), entry.Low);
            _memory.Write64(Context + (source * 16) + 8, entry.High);
        }

        _caching = Start(new IotlbGeometry());
        _walking = Start(IotlbGeometry.WithoutCaching);
        var random = new Random(1);
        for (var i = 0; i < Batch; i++)
        {
            var near = new Iova((ulong)random.Next(64) << 12);
            _near[i] = new DmaRequest(new StreamId(0), near, DmaAccess.Write, 64);
            _fourSources[i] = new DmaRequest(new StreamId((uint)i & 3), near, DmaAccess.Write, 64);
            _far[i] = new DmaRequest(new StreamId(0), new Iova((ulong)random.Next((int)(WorkingSet >> 12)) << 12), DmaAccess.Read, 64);
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _memory.Dispose();

    [Benchmark(Description = "VT-d IOTLB hit, one requester", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("vtd")]
    public void Hit() => _caching.Translate(_near, _completions);

    [Benchmark(Description = "VT-d IOTLB hit, four requesters in turn", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("vtd")]
    public void HitOfFourRequesters() => _caching.Translate(_fourSources, _completions);

    [Benchmark(Description = "VT-d walk of four levels, 16 MiB", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("vtd")]
    public void Walk() => _walking.Translate(_far, _completions);

    private IntelVtdIommu Start(IotlbGeometry iotlb)
    {
        var silicon = new IntelVtdIommu(_memory, new IntelVtdOptions(), iotlb);
        silicon.Registers.Write(IntelVtdRegisters.RootTableAddress, 8, Root);
        silicon.Registers.Write(IntelVtdRegisters.GlobalCommand, 4, IntelVtdRegisters.SetRootTable | IntelVtdRegisters.TranslationEnable);
        return silicon;
    }
}
