using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Iommus;

namespace Emulator.Simulations.Tests;

/// <summary>A run of a real host: groups change owners while devices send DMA.</summary>
internal sealed record HostRun
{
    public string Room { get; init; } = "arm-smmu-v3";

    public BlockingStrategy Strategy { get; init; } = BlockingStrategy.Empty;

    public DriverPacing Pacing { get; init; } = DriverPacing.Whole;

    public int Devices { get; init; } = 4;

    public int Changes { get; init; } = 4;

    public long Dmas { get; init; } = 32;

    public HostBlueprint Blueprint() => new(new HostSpecification
    {
        Name = "host-0",
        Room = IommuCatalog.Find(Room)!,
        Strategy = Strategy,
        Pacing = Pacing,
        Devices = Devices,
        BufferSize = 64 << 10,
        Workload = new Workload { TotalDmas = Dmas, BatchSize = 2, Credits = 2 },
    });

    /// <summary>Makes the run in a simulation.</summary>
    public HostRunResult Run(Simulation simulation, HostBlueprint blueprint, RunPlan plan)
    {
        simulation.Begin(plan);
        using var host = blueprint.Start(simulation);
        host.WaitUntilStarted();
        host.StartWorkload();
        var answers = new List<Task<object>>();
        for (var change = 0; change < Changes; change++)
        {
            // A group does one change after another.
            if (change >= Devices)
                simulation.Await(answers[change - Devices]);
            answers.Add(host.Reassign(change % Devices, HostSpecification.TenantTag((change + 1 + (change / Devices)) % 2)));
        }

        var finished = host.WorkloadFinished();
        simulation.Drain();
        var statistics = simulation.Await(host.Statistics());
        Assert.All(answers, answer => Assert.True(answer.IsCompletedSuccessfully));
        Assert.True(finished.IsCompletedSuccessfully);
        return new HostRunResult(simulation.End(), statistics, [.. answers.Select(answer => answer.Result)]);
    }
}
