using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Core.GroupState;

namespace Emulator.Actors.Tests.Core;

/// <summary>iommufd on a host of actors.</summary>
public sealed class IommufdTests : CoreTest
{
    private const IoasMapFlags Fixed = IoasMapFlags.FixedIova | IoasMapFlags.Readable | IoasMapFlags.Writeable;

    [Theory]
    [InlineData("arm-smmu-v3")]
    [InlineData("intel")]
    public async Task A_process_gets_a_devices_DMA_and_gives_it_back(string room)
    {
        await Start(Booted(room, KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(B);
        var other = await Host.OpenIommufdAsync(A);
        var ioas = await MappedIoas(file);
        var device = await Value(file.BindAsync(0));
        await Expect(new CoreCall.Query(), Errno.None, Claimed, 1);
        Assert.Equal((0, 0), await SendDma());

        Assert.Equal(Errno.EPERM, (await other.BindAsync(0)).Errno);
        await Expect(new CoreCall.Claim(Vfio), Errno.EPERM, Claimed, 1);
        Assert.Contains("-EPERM", Assert.IsType<HostMessages.ReassignmentFailed>(await Host.ReassignAsync(0, A)).Reason, StringComparison.Ordinal);

        await Value(file.AttachAsync(device, ioas));
        await Expect(new CoreCall.Query(), Errno.None, ClaimedAttached, 1);
        Assert.Equal((500, 0), await SendDma());
        Assert.Equal(B, Emulated.Tenures[0].Granted);
        Assert.Equal(Errno.EBUSY, (await file.DestroyAsync(ioas)).Errno);
        Assert.Equal(Errno.EBUSY, (await file.UnbindAsync(device)).Errno);

        await Value(file.ReplaceAsync(device, await MappedIoas(file)));
        Assert.Equal((500, 0), await SendDma());
        await Value(file.DetachAsync(device));
        Assert.Equal((0, 0), await SendDma());
        await Value(file.UnbindAsync(device));
        await Value(file.DestroyAsync(ioas));
        await Expect(new CoreCall.UseDefaultDomain(), Errno.None, Kernel, 1);
    }

    [Fact]
    public async Task A_fault_queue_is_read_answered_and_destroyed_as_its_file_is_closed()
    {
        await Start(Booted("arm-smmu-v3", KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(A);
        var queue = (int)await Value(file.CallAsync(new IommufdOperation.AllocateFaultQueue()));
        var nothing = await file.CallAsync(new IommufdOperation.ReadFaults(queue, 4));
        Assert.Equal((Errno.None, 0L), (nothing.Errno, nothing.Value));
        Assert.Empty(nothing.Faults);
        Assert.Equal(Errno.EINVAL, (await file.CallAsync(new IommufdOperation.RespondFaults(queue, [(1, PageResponseCode.Success)]))).Errno);
        Assert.Equal(Errno.ENOENT, (await file.CallAsync(new IommufdOperation.ReadFaults(queue + 1, 4))).Errno);
        Assert.Equal(Errno.EBUSY, (await file.DestroyAsync(queue)).Errno);
        await Value(file.CallAsync(new IommufdOperation.CloseFaultQueue(queue)));
        await Value(file.DestroyAsync(queue));
    }

    [Fact]
    public async Task Dirty_tracking_is_refused_where_the_driver_has_none()
    {
        await Start(Booted("intel", KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(A);
        var ioas = await MappedIoas(file);
        var device = await Value(file.BindAsync(0));
        var hwpt = (int)await Value(file.AttachAsync(device, ioas));
        Assert.Equal(Errno.EOPNOTSUPP, (await file.CallAsync(new IommufdOperation.SetDirtyTracking(hwpt, true))).Errno);
        Assert.Equal(Errno.ENOENT, (await file.CallAsync(new IommufdOperation.SetDirtyTracking((int)ioas, true))).Errno);
    }

    [Theory]
    [InlineData("arm-smmu-v3")]
    [InlineData("intel")]
    public async Task What_is_unmapped_is_reached_no_more_and_a_copy_is(string room)
    {
        await Start(Booted(room, KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(A);
        var (ioas, empty) = (await MappedIoas(file), await Value(file.AllocateIoasAsync()));
        var device = await Value(file.BindAsync(0));
        var hwpt = await Value(file.CallAsync(new IommufdOperation.AllocateHwpt(new HwptAllocation((int)device, (int)empty))));
        Assert.Equal(hwpt, await Value(file.AttachAsync(device, hwpt)));
        Assert.Equal((0, 0), await SendDma());
        var buffer = new IovaRange(Emulated.Layout.IovaBase, Emulated.Layout.IovaBase + Host.Specification.BufferSize - 1);
        await Value(file.CallAsync(new IommufdOperation.CopyIoas((int)empty, (int)ioas, buffer, Fixed, buffer.First)));
        Assert.Equal((500, 0), await SendDma());
        Assert.Equal((long)buffer.Length, await Value(file.UnmapIoasAsync(empty, buffer.First, buffer.Length)));
        Assert.Equal((0, 0), await SendDma());
    }

    [Fact]
    public async Task A_close_gives_everything_back()
    {
        await Start(Booted("intel", KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(A);
        await Value(file.AttachAsync(await Value(file.BindAsync(0)), await MappedIoas(file)));
        await Value(file.CloseAsync());
        Assert.Equal(Errno.ENOENT, (await file.AllocateIoasAsync()).Errno);
        await Expect(new CoreCall.Query(), Errno.None, Idle, 0);
        Assert.Equal((0, 0), await SendDma());
        Assert.IsType<HostMessages.Reassigned>(await Host.ReassignAsync(0, B));
        var late = await Host.OpenIommufdAsync(A);
        Assert.Equal(Errno.EPERM, (await late.BindAsync(0)).Errno);
        Assert.Equal((500, 0), await SendDma());
    }

    [Fact]
    public async Task Wrong_names_are_refused()
    {
        await Start(Booted("flat", KernelVersion.Linux612));
        Assert.Equal(Errno.EINVAL, (await Assert.ThrowsAsync<DriverException>(() => Host.OpenIommufdAsync(HostSpecification.TenantTag(2)))).Errno);
        var file = await Host.OpenIommufdAsync(A);
        var ioas = await Value(file.AllocateIoasAsync());
        Assert.Equal(Errno.ENODEV, (await file.BindAsync(2)).Errno);
        Assert.Equal(Errno.ENOENT, (await file.AttachAsync(ioas, ioas)).Errno);
        Assert.Equal(Errno.EINVAL, (await file.CallAsync(new IommufdOperation.AllowIovas((int)ioas, [new IovaRange(5, 5)]))).Errno);
        Assert.Equal(Errno.ENOENT, (await file.UnmapIoasAsync(ioas, 0, 1)).Errno);
        Assert.Equal(Errno.ENOENT, (await file.CallAsync(new IommufdOperation.Invalidate((int)ioas, new UserDataArray(0, 1, 0, null)))).Errno);
    }

    [Fact]
    public async Task Memory_that_the_process_does_not_have_is_missed_when_a_device_needs_it()
    {
        await Start(Booted("intel", KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(A);
        var ioas = await Value(file.AllocateIoasAsync());
        await Value(MapTo(file, ioas, Host.Specification.BufferSize));
        var device = await Value(file.BindAsync(0));
        Assert.Equal(Errno.EFAULT, (await file.AttachAsync(device, ioas)).Errno);
        await Expect(new CoreCall.Query(), Errno.None, Claimed, 1);
        Assert.Equal((0, 0), await SendDma());
    }

    [Fact]
    public async Task The_older_kernel_has_none()
    {
        await Start(Booted("intel", KernelVersion.Linux61));
        Assert.Equal(Errno.EOPNOTSUPP, (await Assert.ThrowsAsync<DriverException>(() => Host.OpenIommufdAsync(A))).Errno);
    }

    [Fact]
    public async Task An_operation_in_which_the_IOMMUs_actor_crashes_is_done_once_and_answered()
    {
        await Start(Booted("flat", KernelVersion.Linux612));
        var file = await Host.OpenIommufdAsync(A);
        Hold(FlatDriver.BlockGate);
        var (first, second) = (file.BindAsync(0), file.BindAsync(1));
        await AwaitRun();
        Host.Actor.Tell(new SupervisionMessages.CrashActor(ActorKind.Iommu), ActorRefs.NoSender);
        await AwaitConditionAsync(() => Task.FromResult(Emulated.Ownership.ActorRestarts == 1), Patience);
        Release(FlatDriver.BlockGate);
        Assert.NotEqual(await Value(first), await Value(second));
        await Expect(new CoreCall.Query(), Errno.None, Claimed, 1);
    }

    private static async Task<long> Value(Task<IommufdMessages.IommufdAnswer> call)
    {
        var answer = await call;
        Assert.Equal(Errno.None, answer.Errno);
        return answer.Value;
    }

    private async Task<long> MappedIoas(IommufdClient file)
    {
        var ioas = await Value(file.AllocateIoasAsync());
        Assert.Equal((long)Emulated.Layout.IovaBase, await Value(MapTo(file, ioas, 0)));
        return ioas;
    }

    private Task<IommufdMessages.IommufdAnswer> MapTo(IommufdClient file, long ioas, ulong offset) =>
        file.MapIoasAsync(ioas, offset, Host.Specification.BufferSize, Fixed, Emulated.Layout.IovaBase);
}
