using BenchmarkDotNet.Attributes;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Benchmarks;

/// <summary>The DMA API: a page mapped and unmapped again, with every driver step on the emulated bus; and the allocator alone, from its cache and from the
/// tree.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("dma-api")]
public class DmaApiBenchmarks
{
    private const int Batch = 256;

    private readonly ulong[] _addresses = new ulong[Batch];
    private IovaDomain _iovas = new(KernelVersion.Linux61);
    private Platform? _platform;
    private DmaMapping? _dma;
    private long _time;

    [Params("intel", "arm-smmu-v3")]
    public string Iommu { get; set; } = "intel";

    [Params(DmaMode.Strict, DmaMode.Lazy)]
    public DmaMode Mode { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _iovas = new IovaDomain(KernelVersion.Linux61);
        _platform = IommuCatalog.Find(Iommu)!.Create(new PlatformOptions { Devices = 1 });
        var (driver, device, bus) = (_platform.Driver, _platform.Device(0), _platform.Bus);
        bus.Run(driver.Probe());
        bus.Run(driver.ProbeDevice(device));
        var domain = driver.AllocateDomain(Mode == DmaMode.Lazy ? DomainType.DmaFlushQueue : DomainType.Dma);
        driver.Finalise(domain, device);
        bus.Run(driver.Attach(domain, device));
        _dma = new DmaMapping(driver, domain, sequence => bus.Run(sequence), new DmaMappingOptions { Mode = Mode });
    }

    [GlobalCleanup]
    public void Cleanup() => _platform?.Dispose();

    [Benchmark(Description = "map and unmap of a page", OperationsPerInvoke = Batch)]
    public ulong MapUnmap()
    {
        var dma = _dma!;
        for (var i = 0; i < Batch; i++)
            _addresses[i] = dma.MapPage(0x1000_0000 + ((ulong)i << 12), 1500, DmaDirection.FromDevice, 0, _time += 1_000_000);
        for (var i = 0; i < Batch; i++)
            dma.UnmapPage(_addresses[i], 1500, 0, _time += 1_000_000);
        return _addresses[^1];
    }

    [Benchmark(Description = "address from the cache and back", OperationsPerInvoke = Batch)]
    public ulong Cached()
    {
        for (var i = 0; i < Batch; i++)
            _iovas.Free(0, _addresses[i] = _iovas.Allocate(0, 1, 0xfffff, flushCaches: true), 1);
        return _addresses[^1];
    }

    [Benchmark(Description = "address from the tree and back", OperationsPerInvoke = Batch)]
    public ulong Searched()
    {
        for (var i = 0; i < Batch; i++)
            _addresses[i] = _iovas.Allocate(0, 64, 0xfffff, flushCaches: true);
        for (var i = 0; i < Batch; i++)
            _iovas.Free(0, _addresses[i], 64);
        return _addresses[^1];
    }
}
