using System.Numerics;
using System.Runtime.CompilerServices;
using BenchmarkDotNet.Attributes;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Benchmarks;

/// <summary>
/// Every IOMMU of the catalogue, in its first variant, programmed by its own driver, in batches of 256 DMAs: hits in the IOTLB, and walks of a working set of 16 MiB by silicon that
/// caches no translation. Baseline: a bare IOTLB lookup of the same pages.
/// </summary>
/// <remarks>Left out are IOMMUs whose driver maps no page of an attached domain: they translate nothing that could be measured.</remarks>
[MemoryDiagnoser]
[BenchmarkCategory("silicon")]
public class SiliconBenchmarks
{
    private const int Batch = 256;
    private const ulong WorkingSet = 16UL << 20;
    private const int NearPages = 64;

    private readonly DmaRequest[] _near = new DmaRequest[Batch];
    private readonly DmaRequest[] _far = new DmaRequest[Batch];
    private readonly DmaCompletion[] _completions = new DmaCompletion[Batch];
    private readonly Iotlb _iotlb = new(new IotlbGeometry());
    private Platform _caching = null!;
    private Platform _walking = null!;
    private int _unit;

    /// <summary>IOMMU and variant.</summary>
    [ParamsSource(nameof(Variants))]
    public string Iommu { get; set; } = "";

    public static IEnumerable<string> Variants => IommuCatalog.Rooms.Select(room => room.Variants.Select(variant => $"{room.Name} {variant}").FirstOrDefault(Maps)).OfType<string>();

    [GlobalSetup]
    public void Setup()
    {
        _caching = Program(Iommu, new IotlbGeometry(), WorkingSet, out var device, out var start, out var pageShift);
        _walking = Program(Iommu, IotlbGeometry.WithoutCaching, WorkingSet, out _, out _, out _);
        _unit = device.Streams[0].Unit;
        var random = new Random(1);
        for (var i = 0; i < Batch; i++)
        {
            _near[i] = new DmaRequest(device.Stream, new Iova(start + ((ulong)random.Next(NearPages) << pageShift) + 64), DmaAccess.Write, 64);
            _far[i] = new DmaRequest(device.Stream, new Iova(start + ((ulong)random.Next((int)(WorkingSet >> pageShift)) << pageShift)), DmaAccess.Read, 64);
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
    public void Hit() => _caching.Bus.Units[_unit].Translate(_near, _completions);

    [Benchmark(Description = "translation, table walk", OperationsPerInvoke = Batch)]
    public void Walk() => _walking.Bus.Units[_unit].Translate(_far, _completions);

    private static bool Maps(string iommu)
    {
        try
        {
            using var platform = Program(iommu, IotlbGeometry.WithoutCaching, 1, out _, out _, out _);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static Platform Program(string iommu, IotlbGeometry iotlb, ulong bytes, out DmaDevice device, out ulong start, out int pageShift)
    {
        var words = iommu.Split(' ');
        var room = IommuCatalog.Find(words[0])!;
        var kernel = room.Supports(words[1], KernelVersion.Linux61) ? KernelVersion.Linux61 : KernelVersion.Linux612;
        var layout = HostLayout.Of(new HostSpecification { Name = "benchmark", Room = room, Variant = words[1], Kernel = kernel, Tenants = 1, BufferSize = WorkingSet });
        var platform = room.Create(new PlatformOptions { Variant = words[1], Kernel = kernel, Iotlb = iotlb });
        var driver = platform.Driver;
        device = platform.Device(0);
        Run(platform, driver.Probe());
        Run(platform, driver.ProbeDevice(device));
        var domain = driver.AllocateDomain(DomainType.Unmanaged);
        driver.Finalise(domain, device);
        Run(platform, driver.Attach(domain, device));
        Run(platform, driver.ResumeDevice(device));
        start = layout.IovaBase;
        pageShift = BitOperations.TrailingZeroCount(domain.PageTable?.PageSizeBitmap ?? PhysicalMemory.FrameSize);
        // Through the driver, which some need for it, after the attach; page by page and one page off, so that no larger page can be used.
        var page = 1UL << pageShift;
        for (var offset = 0UL; offset < bytes; offset += page)
            Run(platform, driver.Map(domain, start + offset, layout.Memory + page + offset, page, Protection.Read | Protection.Write));
        return platform;
    }

    private static void Run(Platform platform, IEnumerable<DriverStep> sequence)
    {
        if (platform.Bus.Run(sequence) is < 0 and var error)
            throw new InvalidOperationException($"the driver returned {error}");
    }
}
