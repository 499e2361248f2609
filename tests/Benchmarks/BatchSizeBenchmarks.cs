using BenchmarkDotNet.Attributes;
using Emulator.Actors.Devices;

namespace Emulator.Benchmarks;

/// <summary>A DMA's whole way by the size of its batch, by one device, by eight on a host and by eight on hosts of their own. The ratio to the bare translation is in
/// the table.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("batches", "dma")]
public class BatchSizeBenchmarks
{
    private const int Dmas = 1 << 18;

    private readonly Dictionary<(int Size, int Devices, int Hosts), DataPath> _paths = [];

    [GlobalSetup]
    public async Task Setup()
    {
        foreach (var key in ((int Size, int Devices, int Hosts)[])[(1, 1, 1), (16, 1, 1), (64, 1, 1), (256, 1, 1), (1, 8, 1), (256, 8, 1), (256, 1, 8)])
        {
            var workload = new Workload { TotalDmas = Dmas / (key.Devices * key.Hosts), BatchSize = key.Size };
            await (_paths[key] = new DataPath("arm-smmu-v3", DataPath.AllHit, workload, key.Devices, key.Hosts)).StartAsync();
        }
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        foreach (var path in _paths.Values)
            await path.DisposeAsync();
    }

    [Benchmark(Baseline = true, Description = "bare translation", OperationsPerInvoke = Dmas)]
    public void Bare() => _paths[(256, 1, 1)].TranslateBare(Dmas);

    [Benchmark(Description = "batches of 1", OperationsPerInvoke = Dmas)]
    public Task Of1() => _paths[(1, 1, 1)].RunAsync();

    [Benchmark(Description = "batches of 16", OperationsPerInvoke = Dmas)]
    public Task Of16() => _paths[(16, 1, 1)].RunAsync();

    [Benchmark(Description = "batches of 64", OperationsPerInvoke = Dmas)]
    public Task Of64() => _paths[(64, 1, 1)].RunAsync();

    [Benchmark(Description = "batches of 256", OperationsPerInvoke = Dmas)]
    public Task Of256() => _paths[(256, 1, 1)].RunAsync();

    [Benchmark(Description = "batches of 1, 8 devices", OperationsPerInvoke = Dmas)]
    public Task Of1By8() => _paths[(1, 8, 1)].RunAsync();

    [Benchmark(Description = "batches of 256, 8 devices", OperationsPerInvoke = Dmas)]
    public Task Of256By8() => _paths[(256, 8, 1)].RunAsync();

    [Benchmark(Description = "batches of 256, 8 hosts", OperationsPerInvoke = Dmas)]
    public Task Of256On8Hosts() => _paths[(256, 1, 8)].RunAsync();
}
