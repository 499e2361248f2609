using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;

namespace Emulator.Actors.Tests;

public sealed class OwnershipChangeTests : HostTest
{
    [Theory]
    [InlineData(BlockingStrategy.Native, DriverPacing.Whole)]
    [InlineData(BlockingStrategy.Native, DriverPacing.StepByStep)]
    [InlineData(BlockingStrategy.Empty, DriverPacing.Whole)]
    [InlineData(BlockingStrategy.Empty, DriverPacing.StepByStep)]
    [InlineData(BlockingStrategy.Detach, DriverPacing.Whole)]
    [InlineData(BlockingStrategy.Detach, DriverPacing.StepByStep)]
    public async Task A_group_changes_owner_under_load_without_a_violation(BlockingStrategy strategy, DriverPacing pacing)
    {
        const int Changes = 20;
        await Start(Specification(strategy) with { Pacing = pacing, Workload = new Workload { TotalDmas = 2_000_000 } });
        Host.StartWorkload();
        for (var change = 1; change <= Changes; change++)
        {
            var answer = await Host.ReassignAsync(0, change % 2 == 1 ? B : A);
            var reassigned = Assert.IsType<HostMessages.Reassigned>(answer);
            Assert.Equal(new Epoch(1 + change), reassigned.Epoch);
        }

        await Host.WaitForWorkloadAsync();
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal(Changes, statistics.Reassignments);
        Assert.Equal(4_000_000, statistics.Dmas);
        Assert.Equal(statistics.Dmas, statistics.Completed + statistics.Aborted);
        Assert.Equal(0, statistics.Violations);
        Assert.Equal(0, statistics.Unchecked);
        Assert.Equal(0, statistics.Devices[1].Aborted);
    }
}
