using Emulator.Actors.Core;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Actors.Tests.Core;

/// <summary>Runs a host that starts as a kernel boots.</summary>
public abstract class CoreTest : HostTest
{
    protected const string Vfio = "vfio";

    protected static readonly CoreDomain OfA = CoreDomain.Of(A);
    protected static readonly CoreDomain OfB = CoreDomain.Of(B);

    public static TheoryData<string, KernelVersion> Rooms => new()
    {
        { "arm-smmu-v3", KernelVersion.Linux61 },
        { "arm-smmu-v3", KernelVersion.Linux612 },
        { "intel", KernelVersion.Linux61 },
        { "intel", KernelVersion.Linux612 },
    };

    protected static HostSpecification Booted(string room, KernelVersion kernel) => Specification(BlockingStrategyOf(room)) with
    {
        Room = IommuCatalog.Rooms.Append(FlatRoom.Room).Single(candidate => candidate.Name == room),
        Variant = null,
        Kernel = kernel,
        Start = StartsWith.Kernel,
        BufferSize = 256 << 10,
        Pacing = DriverPacing.StepByStep,
        Workload = new Workload { TotalDmas = 500 },
    };

    /// <summary>Calls the core about group 0 and checks where that leaves it.</summary>
    protected async Task<CoreMessages.CoreAnswer> Expect(CoreCall call, Errno errno, GroupState state, int count, int warnings = 0)
    {
        var answer = await Host.CallCoreAsync(0, call);
        Assert.Equal((call, errno, state, count, warnings), (call, answer.Errno, answer.State, answer.OwnerCount, answer.Warnings.Count));
        return answer;
    }

    /// <summary>Lets every device send its DMA; what became of the first one's.</summary>
    protected async Task<(long Completed, long Violations)> SendDma()
    {
        var before = await Host.GetStatisticsAsync();
        Host.StartWorkload();
        await Host.WaitForWorkloadAsync();
        var after = await Host.GetStatisticsAsync();
        return (after.Devices[0].Completed - before.Devices[0].Completed, after.Violations - before.Violations);
    }

    protected Task AwaitRun() => AwaitConditionAsync(() => Task.FromResult(Emulated.Driver.Current is { Purpose: RunPurpose.Core, HasBegun: true }), Patience);

    private static Ownership.BlockingStrategy BlockingStrategyOf(string room) => room == "flat" ? Ownership.BlockingStrategy.Native : Ownership.BlockingStrategy.Empty;
}
