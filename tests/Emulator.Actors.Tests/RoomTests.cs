using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using static Emulator.Actors.Tests.RoomOutcome;

namespace Emulator.Actors.Tests;

/// <summary>Every IOMMU of the catalogue under the actors, in its first variant: on which kernel which strategy is sound, and what happens where it is not.</summary>
public sealed class RoomTests : HostTest
{
    private const long DmasWhileBlocked = 10_000;

    private static readonly RoomCase[] s_cases =
    [
    ];

    private static IEnumerable<IommuRoom> Rooms => IommuCatalog.Rooms.Append(FlatRoom.Room);

    public static TheoryData<string, KernelVersion, BlockingStrategy, DriverPacing> EveryRoom()
    {
        var data = new TheoryData<string, KernelVersion, BlockingStrategy, DriverPacing>();
        foreach (var room in Rooms)
        {
            foreach (var kernel in Enum.GetValues<KernelVersion>().Where(kernel => room.Supports(room.Variants[0], kernel)))
            {
                using var platform = room.Create(new PlatformOptions { Kernel = kernel });
                foreach (var pacing in Enum.GetValues<DriverPacing>())
                {
                    foreach (var strategy in Enum.GetValues<BlockingStrategy>().Where(strategy => strategy != BlockingStrategy.Native || platform.Driver.HasNativeBlocking))
                        data.Add(room.Name, kernel, strategy, pacing);
                }
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(EveryRoom))]
    public async Task A_room_does_what_its_line_says(string name, KernelVersion kernel, BlockingStrategy strategy, DriverPacing pacing)
    {
        var room = Rooms.Single(candidate => candidate.Name == name);
        var expected = Array.FindLast(s_cases, line => line.Covers(name, kernel, strategy)) ?? new RoomCase(name, strategy, Sound);
        Launch(Specification(strategy) with
        {
            Room = room,
            Variant = null,
            Kernel = kernel,
            Pacing = pacing,
            Devices = expected.Devices,
            Tenants = room.HasOneTable ? 1 : 2,
            BufferSize = 256 << 10,
            HeldDmaLimit = TimeSpan.FromMilliseconds(5),
            ViolationsKept = 1 << 16,
            Workload = new Workload { TotalDmas = long.MaxValue },
        });
        var (outcome, reason) = await Observe();
        if (pacing == DriverPacing.Whole && expected.Outcome == Windows)
            Assert.Equal(Sound, outcome);
        else if (expected.Outcome == Windows)
            Assert.True(outcome is Sound or Windows, $"{outcome}: {reason}");
        else
            Assert.True(expected.Outcome == outcome, $"{outcome}: {reason}");
        Assert.Contains(expected.Reason, reason, StringComparison.Ordinal);
    }

    // Six changes of owner of the first group under load, then DMA while it is blocked.
    private async Task<(RoomOutcome Outcome, string Reason)> Observe()
    {
        try
        {
            await Host.WaitUntilStartedAsync();
        }
        catch (InvalidOperationException error)
        {
            return (DoesNotStart, error.Message);
        }

        Host.StartWorkload();
        for (var change = 0; change < 6; change++)
        {
            if (await Host.ReassignAsync(0, change % 2 == 0 && Host.Specification.Tenants > 1 ? B : A) is HostMessages.ReassignmentFailed failed)
                return (Refuses, failed.Reason);
        }

        Host.StopWorkload();
        await Host.WaitForWorkloadAsync();
        Assert.IsType<HostMessages.GroupBlocked>(await Host.Actor.Ask<object>(new HostMessages.BlockGroup(0), Patience));
        var before = await Host.GetStatisticsAsync();
        Host.StartWorkload();
        await AwaitConditionAsync(async () => (await Host.GetStatisticsAsync()).Devices[0].Dmas > before.Devices[0].Dmas + DmasWhileBlocked, Patience, TimeSpan.FromMilliseconds(2));
        Host.StopWorkload();
        await Host.WaitForWorkloadAsync();
        var after = await Host.GetStatisticsAsync();
        Assert.Equal(0, after.ActorRestarts);
        // Who is not concerned goes on.
        if (Host.Specification.Groups > 1)
            Assert.Equal(after.Devices[^1].Dmas, after.Devices[^1].Completed);
        if (after.Violations > before.Violations)
            return (Strays, $"{after.Violations - before.Violations} while blocked");
        var inChange = after.FirstViolations.All(violation => violation.State is OwnershipState.Blocking or OwnershipState.Attaching);
        return (after.Violations == 0 ? Sound : inChange ? Windows : Strays, after.FirstViolations.FirstOrDefault()?.ToString() ?? "");
    }
}
