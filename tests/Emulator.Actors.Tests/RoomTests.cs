using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Actors.Tests;

/// <summary>Every IOMMU of the catalogue under the actors.</summary>
public sealed class RoomTests : HostTest
{
    private static IEnumerable<IommuRoom> Rooms => IommuCatalog.Rooms.Append(FlatRoom.Room);

    public static TheoryData<string, KernelVersion, BlockingStrategy, DriverPacing> EveryRoom()
    {
        var data = new TheoryData<string, KernelVersion, BlockingStrategy, DriverPacing>();
        foreach (var room in Rooms)
        {
            foreach (var kernel in Enum.GetValues<KernelVersion>())
            {
                using var platform = room.Create(new PlatformOptions { Kernel = kernel });
                foreach (var pacing in Enum.GetValues<DriverPacing>())
                {
                    data.Add(room.Name, kernel, BlockingStrategy.Empty, pacing);
                    if (platform.Driver.HasNativeBlocking)
                        data.Add(room.Name, kernel, BlockingStrategy.Native, pacing);
                }
            }
        }

        return data;
    }

    /// <remarks>Step by step, a driver can be seen while its next attach is half done: there, and only there, a translation of the owner before may still answer
    /// (AppleDart's own blocking leaves them cached, and its attach enables the stream before it invalidates).</remarks>
    [Theory]
    [MemberData(nameof(EveryRoom))]
    public async Task A_room_that_is_blocked_between_owners_lets_no_DMA_stray(string room, KernelVersion kernel, BlockingStrategy strategy, DriverPacing pacing)
    {
        const int Changes = 6;
        await Start(Specification(strategy) with
        {
            Room = Rooms.Single(candidate => candidate.Name == room),
            Variant = null,
            ViolationsKept = int.MaxValue,
            Kernel = kernel,
            Pacing = pacing,
            Devices = 4,
            Workload = new Workload { TotalDmas = 100_000 },
        });
        Host.StartWorkload();
        for (var change = 0; change < Changes; change++)
            Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(change % 2, change / 2 % 2 == 0 ^ change % 2 == 0 ? A : B));
        await Host.WaitForWorkloadAsync();
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal(400_000, statistics.Dmas);
        Assert.DoesNotContain(statistics.FirstViolations, violation => pacing == DriverPacing.Whole || violation.State != OwnershipState.Attaching);
        Assert.Equal(0, statistics.Devices[2].Aborted + statistics.Devices[3].Aborted);
        Assert.Equal(Changes, statistics.Reassignments);

        await Host.Actor.Ask<HostMessages.GroupBlocked>(new HostMessages.BlockGroup(0), Patience);
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        var after = await Host.GetStatisticsAsync();
        Assert.Equal(statistics.Devices[0].Aborted + 100_000, after.Devices[0].Aborted);
        Assert.Equal(300_000, after.Completed - statistics.Completed);
        Assert.Equal(statistics.Violations, after.Violations);
    }
}
