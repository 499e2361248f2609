using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Timing;

namespace Emulator.Cli.Run;

/// <summary>Runs a scenario on hosts that stand: starts the workloads, moves groups between tenants under load, collects the figures.</summary>
public sealed class ScenarioRunner
{
    private const int ProblemsKept = 5;

    // How often a host is asked how far its workload is. A question is one message: far below the load of the DMA itself.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(200);

    // After an early end the batches in flight return within microseconds; a host that says nothing for so long is stuck.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private readonly Scenario _scenario;
    private readonly IReadOnlyList<HostClient> _hosts;

    /// <summary>Makes a runner.</summary>
    /// <param name="scenario">The scenario.</param>
    /// <param name="hosts">Its hosts, in its order.</param>
    public ScenarioRunner(Scenario scenario, IReadOnlyList<HostClient> hosts) => (_scenario, _hosts) = (scenario, hosts);

    /// <summary>Runs the scenario to its end, or until it is cancelled.</summary>
    /// <param name="progress">Given the hosts' figures a few times a second; null when nobody looks.</param>
    /// <param name="cancellation">Ends the run early; what was done so far is reported.</param>
    /// <exception cref="BadInputException">A host can't be brought up.</exception>
    public async Task<RunResult> RunAsync(Action<IReadOnlyList<HostStatistics>>? progress, CancellationToken cancellation)
    {
        try
        {
            // Not cancelled: a host that stands can be asked for its figures, one that is half up cannot.
            await Task.WhenAll(_hosts.Select(host => host.WaitUntilStartedAsync(CancellationToken.None)));
        }
        catch (Exception e) when (e is InvalidOperationException or AskTimeoutException)
        {
            throw new BadInputException($"a host can't be brought up: {e.Message}", e);
        }

        var clock = Stopwatch.StartNew();
        foreach (var host in _hosts)
            host.StartWorkload();
        using var ended = new CancellationTokenSource();
        var watching = progress == null ? Task.CompletedTask : WatchAsync(progress, ended.Token);
        var results = await Task.WhenAll(_hosts.Select((host, index) => RunHostAsync(host, _scenario.Hosts[index], clock, cancellation)));
        var elapsed = clock.Elapsed;
        await ended.CancelAsync();
        await watching;
        return new RunResult(_scenario, results, elapsed, cancellation.IsCancellationRequested);
    }

    private static async Task<HostResult> RunHostAsync(HostClient host, ScenarioHost scenario, Stopwatch clock, CancellationToken cancellation)
    {
        var finished = host.WaitForWorkloadAsync(CancellationToken.None);
        var problems = new List<string>();
        var isTimed = host.Specification.Timing != null;
        var reassigning = ReassignAsync(host, scenario, finished, problems, cancellation);
        await Task.WhenAny(finished, Task.Delay(Timeout.Infinite, cancellation));
        if (cancellation.IsCancellationRequested)
        {
            host.StopWorkload();
            if (await Task.WhenAny(finished, Task.Delay(StopLimit, CancellationToken.None)) != finished)
                problems.Add($"the workload did not stop within {StopLimit.TotalSeconds:F0} s");
        }

        var elapsed = clock.Elapsed;
        var underLoad = await reassigning;
        var statistics = await host.GetStatisticsAsync(CancellationToken.None);
        if (!isTimed)
            return new HostResult(host.Specification, statistics, elapsed, underLoad, problems);
        var timed = finished.IsCompleted ? await host.GetTimedReportAsync(CancellationToken.None) : null;
        problems.AddRange(timed?.Devices.Where(device => device.Problem != null).Select(device => $"{device.Device}: {device.Problem}").Take(ProblemsKept) ?? []);
        return new HostResult(host.Specification, statistics, VirtualTime.ToTimeSpan(timed?.Elapsed ?? 0), underLoad, problems) { Timed = timed };
    }

    private static async Task<int> ReassignAsync(HostClient host, ScenarioHost scenario, Task finished, List<string> problems, CancellationToken cancellation)
    {
        var specification = host.Specification;
        var tenants = Enumerable.Range(0, specification.Groups).Select(group => specification.FirstTenant(group).Value - 1).ToArray();
        var underLoad = 0;
        var isFinished = false;
        for (var i = 0; i < scenario.Reassignments && !cancellation.IsCancellationRequested; i++)
        {
            // Spread over nine tenths of the workload: the last one is to end under load, too.
            var due = scenario.TotalDmas / 10 * 9 * (i + 1) / scenario.Reassignments;
            isFinished = await WaitUntilAsync(host, due, finished, cancellation);
            var group = i % specification.Groups;
            var next = (tenants[group] + 1) % specification.Tenants;
            if (await AskForReassignmentAsync(host, group, HostSpecification.TenantTag(next)) is { } problem)
            {
                if (problems.Count < ProblemsKept)
                    problems.Add(problem);
            }
            else
            {
                tenants[group] = next;
                if (!isFinished && (specification.Timing != null || !finished.IsCompleted))
                    underLoad++;
            }
        }

        if (specification.Timing != null)
            await WaitUntilAsync(host, long.MaxValue, finished, cancellation);

        return underLoad;
    }

    // Whether the workload has ended. In virtual time that is a fact of that time, whatever the threads have done by now.
    private static async Task<bool> WaitUntilAsync(HostClient host, long dmas, Task finished, CancellationToken cancellation)
    {
        if (host.Specification.Timing != null)
        {
            var advancing = host.AdvanceAsync(new TimedMessages.Advance(Dmas: dmas), CancellationToken.None);
            await Task.WhenAny(advancing, Task.Delay(Timeout.Infinite, cancellation));
            if (cancellation.IsCancellationRequested)
                host.StopWorkload();
            return (await advancing).Finished;
        }

        while (!finished.IsCompleted && !cancellation.IsCancellationRequested && (await host.GetStatisticsAsync(CancellationToken.None)).Dmas < dmas)
            await Task.WhenAny(finished, Task.Delay(PollInterval, CancellationToken.None));
        return finished.IsCompleted;
    }

    private static async Task<string?> AskForReassignmentAsync(HostClient host, int group, OwnerTag tenant)
    {
        try
        {
            return await host.ReassignAsync(group, tenant, CancellationToken.None) switch
            {
                HostMessages.Reassigned => null,
                HostMessages.ReassignmentFailed failed => $"group {group} to {tenant}: {failed.Reason} ({failed.State}, {failed.Epoch})",
                var other => $"group {group} to {tenant}: unexpected answer {other}",
            };
        }
        catch (AskTimeoutException)
        {
            return $"group {group} to {tenant}: no answer";
        }
    }

    private async Task WatchAsync(Action<IReadOnlyList<HostStatistics>> progress, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            progress(await Task.WhenAll(_hosts.Select(host => host.GetStatisticsAsync(CancellationToken.None))));
            await Task.WhenAny(Task.Delay(ProgressInterval, ended));
        }
    }
}
