using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
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

    // What is not named here is sound. Of several lines that cover a case the last one counts.
    private static readonly RoomCase[] s_cases =
    [
        // Cached translations of the owner before are live from when the next attach opens the stream until it invalidates.
        new("apple-dart", BlockingStrategy.Detach, Windows),
        new("apple-dart", BlockingStrategy.Native, Windows),
        // Each attach turns the SysMMU off first: what it held passes untranslated then, though no DMA falls between the steps.
        new("exynos", BlockingStrategy.Empty, Windows) { EvenWhole = true },
        new("exynos", BlockingStrategy.Detach, Strays),
        // A domain belongs to one instance, and each device is behind its own.
        new("ipmmu-vmsa", BlockingStrategy.Empty, Sound) { Devices = 1 },
        new("ipmmu-vmsa", BlockingStrategy.Detach, Strays) { Devices = 1 },
        new("mtk", null, DoesNotStart, "one table for all domains"),
        // Attaching any domain but the first one does nothing, and a detach writes no register.
        new("mtk_v1", null, Strays),
        new("rockchip", BlockingStrategy.Empty, Windows),
        new("rockchip", BlockingStrategy.Detach, Strays),
        // 6.1: a domain takes one device, and takes it once: nothing but the detach frees it. 6.12 turns the silicon off on the way and never invalidates.
        new("sprd", BlockingStrategy.Empty, Refuses, "-EINVAL") { Devices = 1 },
        new("sprd", BlockingStrategy.Detach, Strays) { Devices = 1 },
        new("sprd", null, Strays) { Kernel = KernelVersion.Linux612, Devices = 1 },
        // The detach writes nothing, but with the first fault in a window the silicon refuses for good: whether DMA of the blocked group comes before that is chance.
        new("sun50i", BlockingStrategy.Detach, Strays) { OrWindows = true },
        // The context bank is programmed at a domain's first attach only.
        new("qcom_iommu", null, Strays),
        // The device's context is taken already when the empty domain is attached.
        new("msm", BlockingStrategy.Empty, Refuses, "-EEXIST"),
        new("msm", BlockingStrategy.Detach, Strays),
        new("fsl_pamu", null, DoesNotStart, "maps nothing"),
        // A domain takes one device, once.
        new("omap", BlockingStrategy.Empty, Refuses, "-EBUSY") { Devices = 1 },
        new("omap", BlockingStrategy.Empty, Refuses, "-EINVAL") { Kernel = KernelVersion.Linux612, Devices = 1 },
        new("omap", BlockingStrategy.Detach, Strays) { Devices = 1 },
        // One domain is active at a time.
        new("tegra-gart", BlockingStrategy.Empty, DoesNotStart, "-EBUSY"),
        new("tegra-gart", BlockingStrategy.Detach, Strays),
        new("tegra-smmu", BlockingStrategy.Detach, Strays),
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
        var (outcome, reason) = await Observe(expected.Outcome == Strays && !expected.OrWindows);
        // Whether DMA falls into a window is chance.
        Assert.True(outcome == expected.OutcomeOf(pacing) || (outcome == Sound && expected.Outcome == Windows) || (outcome == Windows && expected.OrWindows), $"{outcome}: {reason}");
        Assert.Contains(expected.Reason, reason, StringComparison.Ordinal);
    }

    // Six changes of owner of the first group under load, then DMA while it is blocked: until some strays where it is expected to, as silicon that holds DMA may refuse a lot of it before the next one lands.
    private async Task<(RoomOutcome Outcome, string Reason)> Observe(bool strays)
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
        var mayStay = !strays || before.FirstViolations.Any(IsNotInChange);
        await AwaitConditionAsync(
            async () => await Host.GetStatisticsAsync() is var now && (now.Violations > before.Violations || (mayStay && now.Devices[0].Dmas > before.Devices[0].Dmas + DmasWhileBlocked)),
            Patience,
            TimeSpan.FromMilliseconds(2));
        Host.StopWorkload();
        await Host.WaitForWorkloadAsync();
        var after = await Host.GetStatisticsAsync();
        Assert.Equal(0, after.ActorRestarts);
        // Who is not concerned goes on.
        if (Host.Specification.Groups > 1)
            Assert.Equal(after.Devices[^1].Dmas, after.Devices[^1].Completed);
        if (after.Violations > before.Violations)
            return (Strays, $"{after.Violations - before.Violations} while blocked");
        return (after.Violations == 0 ? Sound : after.FirstViolations.Any(IsNotInChange) ? Strays : Windows, after.FirstViolations is [var first, ..] ? first.ToString() : "");
    }

    private static bool IsNotInChange(IsolationViolation violation) => violation.State is not (OwnershipState.Blocking or OwnershipState.Attaching);
}
