using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>An SMMUv3, stage 1 with 4 KiB pages and four levels, in batches of 256: IOTLB hits of one stream, hits of four streams in turn, and
/// walks over a working set of 16 MiB without an IOTLB.</summary>
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[MemoryDiagnoser]
public class ArmSmmuV3Benchmarks
{
    private const int Batch = 256;
    private const ulong WorkingSet = 16UL << 20;
    private const ulong StreamTable = 0x1000_0000;
    private const ulong ContextTable = 0x1100_0000;
    private const ulong Tables = 0x2000_0000;

    private readonly PhysicalMemory _memory = new();
    private readonly ArmSmmuV3Iommu _caching;
    private readonly ArmSmmuV3Iommu _walking;
    private readonly DmaRequest[] _near = new DmaRequest[Batch];
    private readonly DmaRequest[] _fourStreams = new DmaRequest[Batch];
    private readonly DmaRequest[] _far = new DmaRequest[Batch];
    private readonly DmaCompletion[] _completions = new DmaCompletion[Batch];

    public ArmSmmuV3Benchmarks()
    {
        _memory.Write64(Tables, (Tables + 0x1000) | 3);
        _memory.Write64(Tables + 0x1000, (Tables + 0x2000) | 3);
        for (var page = 0UL; page < WorkingSet >> 12; page++)
        {
            var leafTable = Tables + 0x3000 + ((page >> 9) << 12);
            _memory.Write64(Tables + 0x2000 + ((page >> 9) * 8), leafTable | 3);
            _memory.Write64(leafTable + ((page & 511) * 8), (0x4000_0000 + (page << 12)) | 0xF47);
        }

        for (var sid = 0u; sid < 4; sid++)
        {
            _memory.Write64(StreamTable + (sid * 64), new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable + (sid * 64) }.Word0);
            var descriptor = new ContextDescriptor(0x0001E202C0003510, Tables, 0, 0) { Asid = (ushort)(sid + 1) };
            for (var word = 0; word < 4; word++)
                _memory.Write64(ContextTable + (sid * 64) + ((ulong)word * 8), descriptor.Word(word));
        }

        _caching = Start(new ArmSmmuV3Options());
        _walking = Start(new ArmSmmuV3Options { Iotlb = IotlbGeometry.WithoutCaching });
        var random = new Random(1);
        for (var i = 0; i < Batch; i++)
        {
            var near = new Iova((ulong)random.Next(64) << 12);
            _near[i] = new DmaRequest(new StreamId(0), near, DmaAccess.Write, 64);
            _fourStreams[i] = new DmaRequest(new StreamId((uint)i & 3), near, DmaAccess.Write, 64);
            _far[i] = new DmaRequest(new StreamId(0), new Iova((ulong)random.Next((int)(WorkingSet >> 12)) << 12), DmaAccess.Read, 64);
        }
    }

    [Benchmark(Description = "SMMUv3 IOTLB hit, one stream", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("smmuv3")]
    public DmaCompletion Hit() => Run(_caching, _near);

    [Benchmark(Description = "SMMUv3 IOTLB hit, four streams in turn", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("smmuv3")]
    public DmaCompletion HitOfFourStreams() => Run(_caching, _fourStreams);

    [Benchmark(Description = "SMMUv3 walk of four levels, 16 MiB", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("smmuv3")]
    public DmaCompletion Walk() => Run(_walking, _far);

    private DmaCompletion Run(ArmSmmuV3Iommu smmu, DmaRequest[] requests)
    {
        smmu.Translate(requests, _completions);
        return _completions[^1];
    }

    private ArmSmmuV3Iommu Start(ArmSmmuV3Options options)
    {
        var smmu = new ArmSmmuV3Iommu("smmu", _memory, options);
        smmu.Registers.Write(ArmSmmuV3Registers.StrtabBase, 8, StreamTable);
        smmu.Registers.Write(ArmSmmuV3Registers.StrtabBaseCfg, 4, 8);
        smmu.Registers.Write(ArmSmmuV3Registers.Cr0, 4, (ulong)Control0.SmmuEnable);
        return smmu;
    }
}
