using BenchmarkDotNet.Attributes;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;
using Emulator.Simulations;

namespace Emulator.Benchmarks;

/// <summary>One explored run of a host with four devices and two tenants, two changes of owner under DMA, about 300 steps, each run under another seed: the whole of it, and the part that
/// is spent before the host stands. The ratio to a run without a host is in the table.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("simulation")]
public class SimulationBenchmarks
{
    private Simulation _simulation = null!;
    private HostBlueprint _host = null!;
    private ulong _seed;

    [ParamsSource(nameof(Rooms))]
    public string Room { get; set; } = "";

    public static IEnumerable<string> Rooms => ["arm-smmu-v3", "intel"];

    [GlobalSetup]
    public void Setup()
    {
        _simulation = Simulation.Create();
        _host = new HostBlueprint(new HostSpecification
        {
            Name = "benchmark",
            Room = IommuCatalog.Find(Room)!,
            Iotlb = new IotlbGeometry { Sets = 8 },
            BufferSize = 64 << 10,
            Workload = new Workload { TotalDmas = 16, BatchSize = 2, Credits = 2 },
        });
    }

    [GlobalCleanup]
    public void Cleanup() => _simulation.Dispose();

    [Benchmark(Baseline = true, Description = "an empty run")]
    public long Empty()
    {
        _simulation.Begin(new RunPlan { Seed = _seed++ });
        return _simulation.End().Steps;
    }

    [Benchmark(Description = "until the host stands")]
    public long Start()
    {
        _simulation.Begin(new RunPlan { Seed = _seed++ });
        using var host = _host.Start(_simulation);
        host.WaitUntilStarted();
        return _simulation.End().Steps;
    }

    [Benchmark(Description = "with two changes of owner")]
    public long Changes()
    {
        _simulation.Begin(new RunPlan { Seed = _seed++ });
        using var host = _host.Start(_simulation);
        host.WaitUntilStarted();
        host.StartWorkload();
        _ = host.Reassign(0, HostSpecification.TenantTag(1));
        _ = host.Reassign(1, HostSpecification.TenantTag(0));
        _simulation.Drain();
        return host.Violations == 0 ? _simulation.End().Steps : throw new InvalidOperationException($"seed {_seed - 1} has a violation");
    }
}
