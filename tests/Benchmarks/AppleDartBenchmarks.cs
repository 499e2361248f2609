using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>A t8103 DART with 16 KiB pages in batches of 256: TLB hits of one stream, hits of four streams in turn, and walks over a working set of
/// 16 MiB without a TLB.</summary>
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[MemoryDiagnoser]
public class AppleDartBenchmarks
{
    private const int Batch = 256;
    private const ulong WorkingSet = 16UL << 20;

    private readonly IIommu _caching = Start(new IotlbGeometry());
    private readonly IIommu _walking = Start(IotlbGeometry.WithoutCaching);
    private readonly DmaRequest[] _near = new DmaRequest[Batch];
    private readonly DmaRequest[] _fourStreams = new DmaRequest[Batch];
    private readonly DmaRequest[] _far = new DmaRequest[Batch];
    private readonly DmaCompletion[] _completions = new DmaCompletion[Batch];

    public AppleDartBenchmarks()
    {
        var random = new Random(1);
        for (var i = 0; i < Batch; i++)
        {
            var near = new Iova((ulong)random.Next(64) << 14);
            _near[i] = new DmaRequest(new StreamId(0), near, DmaAccess.Write, 64);
            _fourStreams[i] = new DmaRequest(new StreamId((uint)i & 3), near, DmaAccess.Write, 64);
            _far[i] = new DmaRequest(new StreamId(0), new Iova((ulong)random.Next((int)(WorkingSet >> 14)) << 14), DmaAccess.Read, 64);
        }
    }

    [Benchmark(Description = "DART, TLB hit, one stream", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("dart")]
    public void Hit() => _caching.Translate(_near, _completions);

    [Benchmark(Description = "DART, TLB hit, four streams in turn", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("dart")]
    public void HitFourStreams() => _caching.Translate(_fourStreams, _completions);

    [Benchmark(Description = "DART, walk of two levels", OperationsPerInvoke = Batch)]
    [BenchmarkCategory("dart")]
    public void Walk() => _walking.Translate(_far, _completions);

    // The platform lives as long as the process: its memory is not given back.
    private static IIommu Start(IotlbGeometry iotlb)
    {
        var platform = AppleDartRoom.Room.Create(new PlatformOptions { Iotlb = iotlb });
        platform.Bus.Run(platform.Driver.Probe());
        var domain = platform.Driver.AllocateDomain(DomainType.Unmanaged);
        for (var i = 0; i < 4; i++)
            platform.Bus.Run(platform.Driver.Attach(domain, platform.Device(i)));
        var mapped = platform.Bus.Run(DomainMapping.Map(platform.Driver, domain, 0, 0x1_0000_0000, WorkingSet, Protection.Read | Protection.Write));
        return mapped == 0 ? platform.Bus.Units[0] : throw new InvalidOperationException($"the working set could not be mapped: {mapped}");
    }
}
