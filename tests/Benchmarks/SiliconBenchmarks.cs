using System.Numerics;
using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>
/// Every IOMMU of the catalogue, programmed by its own driver, in batches of 256 DMAs: hits in the IOTLB, and walks of a working set of 16 MiB by silicon that
/// caches no translation. Baseline: a bare IOTLB lookup of the same pages.
/// </summary>
[MemoryDiagnoser]
[BenchmarkCategory("silicon")]
public class SiliconBenchmarks
{
    private const int Batch = 256;
    private const ulong Start = 0x1000_0000;
    private const ulong WorkingSet = 16UL << 20;
    private const int NearPages = 64;

    private readonly DmaRequest[] _near = new DmaRequest[Batch];
    private readonly DmaRequest[] _far = new DmaRequest[Batch];
    private readonly DmaCompletion[] _completions = new DmaCompletion[Batch];
    private readonly Iotlb _iotlb = new(new IotlbGeometry());
    private Platform _caching = null!;
    private Platform _walking = null!;

    /// <summary>IOMMU and variant.</summary>
    [ParamsSource(nameof(Variants))]
    public string Iommu { get; set; } = "";

    public static IEnumerable<string> Variants => IommuCatalog.Rooms.SelectMany(room => room.Variants.Select(variant => $"{room.Name} {variant}"));

    [GlobalSetup]
    public void Setup()
    {
        _caching = Program(new IotlbGeometry(), out var device, out var pageShift);
        _walking = Program(IotlbGeometry.WithoutCaching, out _, out _);
        var random = new Random(1);
        for (var i = 0; i < Batch; i++)
        {
            _near[i] = new DmaRequest(device.Stream, new Iova(Start + ((ulong)random.Next(NearPages) << pageShift) + 64), DmaAccess.Write, 64);
            _far[i] = new DmaRequest(device.Stream, new Iova(Start + ((ulong)random.Next((int)(WorkingSet >> pageShift)) << pageShift)), DmaAccess.Read, 64);
            _iotlb.Insert(new IotlbEntry { Tag = device.Stream.Value, Iova = _near[i].Iova.Value, Output = _near[i].Iova.Value, PageShift = (byte)pageShift });
        }
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _caching.Dispose();
        _walking.Dispose();
    }

    [Benchmark(Baseline = true, Description = "bare IOTLB lookup", OperationsPerInvoke = Batch)]
    public ulong Lookup()
    {
        var sum = 0UL;
        foreach (ref readonly var request in _near.AsSpan())
        {
            ref readonly var entry = ref _iotlb.Find(request.Stream.Value, request.Iova.Value);
            if (!Unsafe.IsNullRef(in entry))
                sum += entry.Translate(request.Iova.Value);
        }

        return sum;
    }

    [Benchmark(Description = "translation, IOTLB hit", OperationsPerInvoke = Batch)]
    public void Hit() => _caching.Bus.Units[0].Translate(_near, _completions);

    [Benchmark(Description = "translation, table walk", OperationsPerInvoke = Batch)]
    public void Walk() => _walking.Bus.Units[0].Translate(_far, _completions);

    private Platform Program(IotlbGeometry iotlb, out DmaDevice device, out int pageShift)
    {
        var words = Iommu.Split(' ');
        var room = IommuCatalog.Find(words[0])!;
        var kernel = room.Supports(words[1], KernelVersion.Linux61) ? KernelVersion.Linux61 : KernelVersion.Linux612;
        var platform = room.Create(new PlatformOptions { Variant = words[1], Kernel = kernel, Iotlb = iotlb });
        device = platform.Device(0);
        Run(platform, platform.Driver.Probe());
        Run(platform, platform.Driver.ProbeDevice(device));
        var domain = platform.Driver.AllocateDomain(DomainType.Dma);
        platform.Driver.Finalise(domain, device);
        Run(platform, platform.Driver.Attach(domain, device));
        var table = domain.PageTable!;
        pageShift = BitOperations.TrailingZeroCount(table.PageSizeBitmap);
        var gather = new InvalidationGather();
        // Page by page and one page off, so that no larger page can be used.
        for (var offset = 0UL; offset < WorkingSet; offset += 1UL << pageShift)
            DomainPaging.Map(table, Start + offset, (2 * Start) + (1UL << pageShift) + offset, 1UL << pageShift, Protection.Read | Protection.Write, gather);
        Run(platform, platform.Driver.SyncMap(domain, new Iova(Start), WorkingSet, gather));
        return platform;
    }

    private static void Run(Platform platform, IEnumerable<DriverStep> sequence)
    {
        if (platform.Bus.Run(sequence) is < 0 and var error)
            throw new InvalidOperationException($"the driver returned {error}");
    }
}
