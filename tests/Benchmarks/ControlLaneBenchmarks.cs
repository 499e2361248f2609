using Akka.Actor;
using BenchmarkDotNet.Attributes;
using Emulator.Actors.Devices;
using Emulator.Actors.Ownership;

namespace Emulator.Benchmarks;

/// <summary>A message of the control lane, from its Tell to its answer: while nothing waits, and while 200,000 DMAs wait, in batches of 256 and one by one. The
/// ratio to the idle one is in the table.</summary>
[IterationCount(20)]
[BenchmarkCategory("control")]
public class ControlLaneBenchmarks
{
    private const int Waiting = 200_000;

    private readonly SemaphoreSlim _held = new(0);
    private readonly SemaphoreSlim _released = new(0);
    private DataPath _path = null!;
    private IActorRef _translation = ActorRefs.Nobody;
    private AnswerRef _answer = null!;

    [GlobalSetup]
    public async Task Setup()
    {
        _path = new DataPath("arm-smmu-v3", DataPath.AllHit, new Workload());
        await _path.StartAsync();
        _translation = await _path.System.ActorSelection($"/user/{_path.Host.Specification.Name}/translation").ResolveOne(TimeSpan.FromSeconds(10));
        _answer = new AnswerRef(_path.System);
    }

    [GlobalCleanup]
    public ValueTask Cleanup() => _path.DisposeAsync();

    [IterationSetup(Targets = [nameof(Idle)])]
    public void WaitForNothing() => Hold(batches: 0, size: 1);

    [IterationSetup(Targets = [nameof(BehindBatches)])]
    public void QueueBatches() => Hold(Waiting / DmaBatch.Capacity, DmaBatch.Capacity);

    [IterationSetup(Targets = [nameof(BehindSingles)])]
    public void QueueSingles() => Hold(Waiting, 1);

    [Benchmark(Baseline = true, Description = "control message, nothing waits")]
    public void Idle() => Query();

    [Benchmark(Description = "behind 200,000 DMAs in batches of 256")]
    public void BehindBatches() => Query();

    [Benchmark(Description = "behind 200,000 DMAs one by one")]
    public void BehindSingles() => Query();

    private void Query()
    {
        _released.Release();
        _translation.Tell(new OwnershipMessages.QueryGroup(0), _answer);
        _answer.Wait();
    }

    // A refusal cannot be held up, but whoever looks at a change of state can: the actor stands still in it while the lane is filled.
    private void Hold(int batches, int size)
    {
        _path.Host.TenureObserver = (_, _) =>
        {
            _path.Host.TenureObserver = null;
            _held.Release();
            _released.Wait();
        };
        _translation.Tell(new OwnershipMessages.Block(0, _path.Host.Tenures[0].Epoch.Next, default));
        _held.Wait();
        var batch = _path.Fill(new DmaBatch(ActorRefs.Nobody, 0, 0, 0, size), seed: 0);
        for (var sent = 0; sent < batches; sent++)
            _translation.Tell(batch);
    }
}
