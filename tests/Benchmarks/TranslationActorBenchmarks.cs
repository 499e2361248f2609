using Akka.Actor;
using BenchmarkDotNet.Attributes;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;

namespace Emulator.Benchmarks;

/// <summary>A DMA that hits the IOTLB: the bare translation, the same through the translation actor in batches of 256, and the whole way from the
/// device by way of silicon and isolation check back to the device. The ratio to the bare translation is in the table.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("actors")]
public class TranslationActorBenchmarks
{
    private const int Batches = 4096;
    private const int Dmas = Batches * DmaBatch.Capacity;
    private const int Credits = 8;

    private ActorSystem _system = null!;
    private EmulatedHost _host = null!;
    private HostClient _client = null!;
    private IActorRef _pump = null!;
    private DmaBatch[] _batches = [];

    [GlobalSetup]
    public async Task Setup()
    {
        _system = ActorSystem.Create("benchmark", EmulatorHostingExtensions.Configuration());
        _host = EmulatedHost.Create(new HostSpecification
        {
            Name = "benchmark",
            Room = IommuCatalog.Rooms[0],
            Devices = 1,
            BufferSize = 1 << 20,
            Workload = new Workload { TotalDmas = Dmas, Credits = Credits },
        });
        _system.RegisterOnTermination(_host.Dispose);
        _client = EmulatorHostingExtensions.Start(_system, _host, index: 0, new EmulatorOptions());
        await _client.WaitUntilStartedAsync();
        _pump = _system.ActorOf(Props.Create(() => new PumpActor(_host)).WithDispatcher(HostProps.HostDispatcher));
        _batches = [.. Enumerable.Range(0, Credits).Select(_ => Fill(new DmaBatch(_pump, 0, 0, 0)))];
    }

    [GlobalCleanup]
    public Task Cleanup() => _system.Terminate();

    [Benchmark(Baseline = true, Description = "bare translation", OperationsPerInvoke = Dmas)]
    public void Bare()
    {
        var unit = _host.Platform.Bus.Units[0];
        for (var batch = 0; batch < Batches; batch++)
            unit.Translate(_batches[batch % Credits].Requests, _batches[batch % Credits].Completions);
    }

    [Benchmark(Description = "through the translation actor", OperationsPerInvoke = Dmas)]
    public Task ThroughTheTranslationActor()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _pump.Tell(new PumpActor.Run(_batches, Batches, done));
        return done.Task;
    }

    [Benchmark(Description = "device, silicon, check, device", OperationsPerInvoke = Dmas)]
    public Task TheWholeWay()
    {
        _client.StartWorkload();
        return _client.WaitForWorkloadAsync();
    }

    private DmaBatch Fill(DmaBatch batch)
    {
        var random = new Random(1);
        var specification = _host.Specification;
        batch.Count = DmaBatch.Capacity;
        for (var i = 0; i < batch.Count; i++)
            batch.Requests[i] = new DmaRequest(_host.Devices[0].Stream, new Iova(_host.Layout.IovaBase + ((ulong)random.Next((int)specification.BufferSize / 64) * 64)), DmaAccess.Write, 64);
        return batch;
    }
}
