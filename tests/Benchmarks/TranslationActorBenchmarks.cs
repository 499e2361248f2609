using Akka.Actor;
using BenchmarkDotNet.Attributes;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;

namespace Emulator.Benchmarks;

/// <summary>A DMA in batches of 256, hitting the IOTLB or mostly walking: the bare translation, the same through the translation actor, and the whole way from the
/// device by way of silicon and isolation check back to the device. The ratio to the bare translation is in the table.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("actors", "dma")]
public class TranslationActorBenchmarks
{
    private const int Dmas = 1 << 20;
    private const int Credits = 8;

    private DataPath _path = null!;
    private IActorRef _pump = null!;
    private DmaBatch[] _batches = [];

    /// <summary>The IOMMU, in its first variant.</summary>
    [Params("arm-smmu-v3", "intel", "amd", "apple-dart")]
    public string Iommu { get; set; } = "";

    /// <summary>MiB that the DMA spreads over: an IOTLB of the default geometry holds 4 MiB in pages of 4 KiB, 16 MiB in those of 16 KiB.</summary>
    [Params(1, 16)]
    public int MiB { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        _path = new DataPath(Iommu, (ulong)MiB << 20, new Workload { TotalDmas = Dmas, Credits = Credits });
        await _path.StartAsync();
        _pump = _path.System.ActorOf(Props.Create(() => new PumpActor(_path.Host)).WithDispatcher(HostProps.HostDispatcher));
        _batches = [.. Enumerable.Range(0, Credits).Select(slot => _path.Fill(new DmaBatch(_pump, 0, 0, 0), slot))];
    }

    [GlobalCleanup]
    public ValueTask Cleanup() => _path.DisposeAsync();

    [Benchmark(Baseline = true, Description = "bare translation", OperationsPerInvoke = Dmas)]
    public void Bare() => _path.TranslateBare(Dmas);

    [Benchmark(Description = "bare translation, one at a time", OperationsPerInvoke = Dmas)]
    public void OneAtATime() => _path.TranslateOneAtATime(Dmas);

    [Benchmark(Description = "through the translation actor", OperationsPerInvoke = Dmas)]
    public Task ThroughTheTranslationActor()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _pump.Tell(new PumpActor.Run(_batches, Dmas / DmaBatch.Capacity, done));
        return done.Task;
    }

    [Benchmark(Description = "device, silicon, check, device", OperationsPerInvoke = Dmas)]
    public Task TheWholeWay() => _path.RunAsync();
}
