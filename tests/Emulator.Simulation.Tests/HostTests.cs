using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Simulations.Shrinking;

namespace Emulator.Simulations.Tests;

public sealed class HostTests : IDisposable
{
    private readonly Simulation _simulation = Simulation.Create();

    public void Dispose() => _simulation.Dispose();

    [Fact]
    public void Groups_change_owners_under_load_without_a_violation_whatever_the_order()
    {
        var run = new HostRun { Changes = 12 };
        var blueprint = run.Blueprint();
        var hashes = new HashSet<ulong>();
        for (var seed = 0UL; seed < 200; seed++)
        {
            var result = run.Run(_simulation, blueprint, new RunPlan { Seed = seed });
            Assert.All(result.Answers, answer => Assert.IsType<HostMessages.Reassigned>(answer));
            Assert.Equal(0, result.Statistics.Violations);
            Assert.Equal(4 * run.Dmas, result.Statistics.Dmas);
            Assert.Equal(run.Changes, result.Statistics.Reassignments);
            Assert.Empty(result.Record.Errors);
            // By the simulation's clock: a microsecond for each step.
            Assert.InRange(result.Statistics.LongestBlockedTime, TimeSpan.FromMicroseconds(5), result.Record.Elapsed);
            hashes.Add(result.Record.Hash);
        }

        Assert.Equal(200, hashes.Count);
    }

    [Fact]
    public void A_seed_is_one_run()
    {
        var run = new HostRun { Pacing = DriverPacing.StepByStep };
        var blueprint = run.Blueprint();
        var first = run.Run(_simulation, blueprint, new RunPlan { Seed = 5 }).Record;
        for (var i = 1; i < 1_000; i++)
            Assert.Equal(first.Hash, run.Run(_simulation, blueprint, new RunPlan { Seed = 5 }).Record.Hash);
        using var fresh = Simulation.Create();
        Assert.Equal(first.Hash, run.Run(fresh, run.Blueprint(), new RunPlan { Seed = 5 }).Record.Hash);
    }

    [Fact]
    public void A_record_makes_its_run_again()
    {
        var run = new HostRun();
        var blueprint = run.Blueprint();
        var record = run.Run(_simulation, blueprint, new RunPlan { Seed = 3, EarlyTimers = 0.1, KeepLog = true }).Record;
        var again = run.Run(_simulation, blueprint, record.Replay() with { Seed = 99 }).Record;
        Assert.Equal((record.Hash, record.Steps), (again.Hash, again.Steps));
        Assert.Equal(record.Log, again.Log);
        Assert.Equal(record.Steps, record.Log.Count);
        Assert.Contains(record.Log, entry => entry is { Receiver: "host-0/group-1", Sender: "host-0" } && entry.Message.StartsWith("Reassign {", StringComparison.Ordinal));
        Assert.DoesNotContain(record.Log, entry => $"{entry}".Contains("akka://", StringComparison.Ordinal));
    }

    // What a detach leaves in the DART's cache is live again in the next attach, until that invalidates: only DMA that falls between these steps lands there.
    [Fact]
    public void A_violation_is_found_and_shrunk_to_a_few_choices()
    {
        var large = new HostRun { Room = "apple-dart", Strategy = BlockingStrategy.Detach, Pacing = DriverPacing.StepByStep };
        var failing = Enumerable.Range(0, 1_000).Select(seed => Fail(large, new RunPlan { Seed = (ulong)seed })).First(record => record != null)!;
        var shrunk = Shrinker.Shrink(large, failing, Fail, Smaller);
        Assert.Equal((1, 1), (shrunk.Workload.Devices, shrunk.Workload.Changes));
        Assert.True(shrunk.Record.Steps < failing.Steps);
        Assert.InRange(shrunk.Record.Choices.Count, 0, 10);
        var again = Fail(shrunk.Workload, shrunk.Record.Replay());
        Assert.Equal(shrunk.Record.Hash, again?.Hash);
    }

    private static IEnumerable<HostRun> Smaller(HostRun run)
    {
        if (run.Devices > 1)
            yield return run with { Devices = run.Devices / 2, Changes = Math.Min(run.Changes, run.Devices / 2) };
        if (run.Changes > 1)
            yield return run with { Changes = run.Changes - 1 };
        if (run.Dmas > 4)
            yield return run with { Dmas = run.Dmas / 2 };
    }

    private RunRecord? Fail(HostRun run, RunPlan plan)
    {
        var result = run.Run(_simulation, run.Blueprint(), plan);
        return result.Statistics.Violations > 0 ? result.Record : null;
    }
}
