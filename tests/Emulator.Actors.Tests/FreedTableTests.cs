using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;

namespace Emulator.Actors.Tests;

public sealed class FreedTableTests : HostTest
{
    /// <remarks>6.1 frees the table, then turns the silicon off: in between the freed memory is another domain's table (drivers/iommu/sprd-iommu.c:235).</remarks>
    [Fact]
    public async Task A_walk_through_a_freed_table_reaches_its_next_user_and_is_found()
    {
        await Start(Specification(BlockingStrategy.Detach) with
        {
            Room = IommuCatalog.Find("sprd")!,
            Variant = null,
            Kernel = KernelVersion.Linux61,
            Pacing = DriverPacing.StepByStep,
            Devices = 1,
            Iotlb = IotlbGeometry.WithoutCaching,
            ViolationsKept = 1 << 20,
            Workload = new Workload { TotalDmas = long.MaxValue },
        });
        Host.StartWorkload();
        for (var change = 0; change < 4; change++)
            Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, change % 2 == 0 ? B : A));
        Host.StopWorkload();
        await Host.WaitForWorkloadAsync();
        var statistics = await Host.GetStatisticsAsync();
        var found = statistics.FirstViolations.First(violation => violation.FrameOwner == FreedTables.NextUser);
        Assert.Equal((OwnershipState.Blocking, A), (found.State, found.Granted));
    }
}
