using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Actors.Tests;

/// <summary>Every IOMMU of the catalogue under the actors.</summary>
public sealed class RoomTests : HostTest
{
    private static IEnumerable<IommuRoom> Rooms => IommuCatalog.Rooms.Append(FlatRoom.Room);

    public static TheoryData<string, KernelVersion, BlockingStrategy> EveryRoom()
    {
        var data = new TheoryData<string, KernelVersion, BlockingStrategy>();
        foreach (var room in Rooms)
        {
            foreach (var kernel in Enum.GetValues<KernelVersion>())
            {
                using var platform = room.Create(new PlatformOptions { Kernel = kernel });
                data.Add(room.Name, kernel, platform.Driver.HasNativeBlocking ? BlockingStrategy.Native : BlockingStrategy.Empty);
                if (platform.Driver.HasNativeBlocking)
                    data.Add(room.Name, kernel, BlockingStrategy.Empty);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryRoom))]
    public async Task A_room_that_is_blocked_between_owners_lets_no_DMA_stray(string room, KernelVersion kernel, BlockingStrategy strategy)
    {
        const int Changes = 6;
        await Start(Specification(strategy) with
        {
            Room = Rooms.Single(candidate => candidate.Name == room),
            Variant = null,
            Kernel = kernel,
            Devices = 4,
            Workload = new Workload { TotalDmas = 100_000 },
        });
        Host.StartWorkload();
        for (var change = 0; change < Changes; change++)
            Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(change % 2, change / 2 % 2 == 0 ^ change % 2 == 0 ? A : B));
        await Host.WaitForWorkloadAsync();
        var statistics = await Host.GetStatisticsAsync();
        Assert.Equal(400_000, statistics.Dmas);
        Assert.Equal(0, statistics.Violations);
        Assert.Equal(0, statistics.Devices[2].Aborted + statistics.Devices[3].Aborted);
        Assert.Equal(Changes, statistics.Reassignments);
    }
}
