using Emulator.Hardware.Core;
using Emulator.Hardware.Drivers;
using static Emulator.Hardware.Tests.Core.GroupRig;

namespace Emulator.Hardware.Tests.Core;

/// <summary>The table of docs/CORE.md: from each state by each call, in both kernels, with what comes back and where the group is then.</summary>
public sealed class TransitionTests
{
    private const string Skip = "-";

    [Theory]
    // From, call, 6.1 (result, state, count) and 6.12.
    [InlineData("Idle", "use", "0 Kernel 1", "0 Kernel 1")]
    [InlineData("Kernel", "use", "0 Kernel 2", "0 Kernel 2")]
    [InlineData("Claimed", "use", "EBUSY Claimed 1", "EBUSY Claimed 1")]
    [InlineData("ClaimedAttached", "use", "EBUSY ClaimedAttached 1", "EBUSY ClaimedAttached 1")]
    [InlineData("ForeignAttached", "use", "0 ForeignAttached 1", "0 ForeignAttached 1")]
    [InlineData("KernelForeign", "use", "EBUSY ForeignAttached 1", "EBUSY ForeignAttached 1")]
    [InlineData("Idle", "unuse", "0 Idle 0 WARN", "0 Idle 0 WARN")]
    [InlineData("Kernel", "unuse", "0 Idle 0", "0 Idle 0")]
    [InlineData("Idle", "claim", "0 Claimed 1", "0 Claimed 1")]
    [InlineData("Kernel", "claim", "EPERM Kernel 1", "EPERM Kernel 1")]
    [InlineData("ForeignAttached", "claim", "EBUSY ForeignAttached 0", "EBUSY ForeignAttached 0")]
    [InlineData("Claimed", "claim", "EPERM Claimed 1", "EPERM Claimed 1")]
    [InlineData("ClaimedAttached", "claim", "EPERM ClaimedAttached 1", "EPERM ClaimedAttached 1")]
    [InlineData("Idle", "claim device", Skip, "0 Claimed 1")]
    [InlineData("Kernel", "claim device", Skip, "EPERM Kernel 1")]
    [InlineData("Claimed", "claim device", Skip, "0 Claimed 2")]
    [InlineData("ClaimedAttached", "claim device", Skip, "0 ClaimedAttached 2")]
    [InlineData("Claimed", "claim device of another", Skip, "EPERM Claimed 1")]
    [InlineData("Idle", "release", "0 Idle 0 WARN", "0 Idle 0 WARN")]
    [InlineData("Kernel", "release", "0 Kernel 1 WARN", "0 Kernel 1 WARN")]
    [InlineData("ForeignAttached", "release", "0 ForeignAttached 0 WARN", "0 ForeignAttached 0 WARN")]
    [InlineData("Claimed", "release", "0 Idle 0", "0 Idle 0")]
    [InlineData("ClaimedAttached", "release", "0 Idle 0", "0 Idle 0")]
    [InlineData("Claimed", "release device", Skip, "0 Idle 0")]
    [InlineData("ClaimedTwice", "release device", Skip, "0 Claimed 1")]
    [InlineData("Idle", "release device", Skip, "0 Idle 0 WARN")]
    [InlineData("Idle", "attach", "0 ForeignAttached 0", "0 ForeignAttached 0")]
    [InlineData("Kernel", "attach", "0 ForeignAttached 1", "0 ForeignAttached 1")]
    [InlineData("ForeignAttached", "attach", "EBUSY ForeignAttached 0", "EBUSY ForeignAttached 0")]
    [InlineData("Claimed", "attach", "0 ClaimedAttached 1", "0 ClaimedAttached 1")]
    [InlineData("ClaimedAttached", "attach", "EBUSY ClaimedAttached 1", "EBUSY ClaimedAttached 1")]
    [InlineData("Claimed", "attach foreign", "0 ClaimedAttached 1", "EINVAL Claimed 1")]
    [InlineData("ClaimedAttached", "replace", Skip, "0 ClaimedAttached 1")]
    [InlineData("ClaimedAttached", "replace by none", Skip, "EINVAL ClaimedAttached 1")]
    [InlineData("Idle", "detach", "0 Idle 0", "0 Idle 0")]
    [InlineData("Kernel", "detach", "0 Kernel 1", "0 Kernel 1")]
    [InlineData("ForeignAttached", "detach", "0 Idle 0", "0 Idle 0")]
    [InlineData("KernelForeign", "detach", "0 Kernel 1", "0 Kernel 1")]
    [InlineData("Claimed", "detach", "0 Claimed 1", "0 Claimed 1")]
    [InlineData("ClaimedAttached", "detach", "0 Claimed 1", "0 Claimed 1")]
    public void A_call_leads_from_a_state_to_the_next(string from, string call, string in61, string in612)
    {
        foreach (var (kernel, expected) in new[] { (KernelVersion.Linux61, in61), (KernelVersion.Linux612, in612) })
        {
            var rig = new GroupRig(kernel);
            if (expected == Skip)
            {
                Is(Errno.EOPNOTSUPP, Call(rig, call));
                continue;
            }

            Enter(rig, from);
            var result = Run(Call(rig, call));
            var errno = result == 0 ? "0" : ((Errno)(-result)).ToString();
            Assert.Equal(expected, $"{errno} {rig.Group.State} {rig.Group.OwnerCount}{(rig.Group.Warnings.Count > 0 ? " WARN" : "")}");
        }
    }

    private static void Enter(GroupRig rig, string state)
    {
        var group = rig.Group;
        _ = state switch
        {
            "Idle" => rig,
            "Kernel" => rig.After(group.UseDefaultDomain()),
            "ForeignAttached" => rig.After(group.AttachGroup(rig.A)),
            "KernelForeign" => rig.After(group.UseDefaultDomain(), group.AttachGroup(rig.A)),
            "Claimed" => rig.Claimed(),
            "ClaimedTwice" => rig.After(group.ClaimDeviceDmaOwner(group.Members[0], VfioOwner), group.ClaimDeviceDmaOwner(group.Members[1], VfioOwner)),
            _ => rig.Claimed().After(group.AttachGroup(rig.A)),
        };
    }

    private static IEnumerable<DriverStep> Call(GroupRig rig, string call)
    {
        var (group, member) = (rig.Group, rig.Group.Members[0]);
        return call switch
        {
            "use" => group.UseDefaultDomain(),
            "unuse" => Unuse(group),
            "claim" => group.ClaimDmaOwner(VfioOwner),
            "claim device" => group.ClaimDeviceDmaOwner(member, VfioOwner),
            "claim device of another" => group.ClaimDeviceDmaOwner(member, new object()),
            "release" => group.ReleaseDmaOwner(),
            "release device" => group.ReleaseDeviceDmaOwner(member),
            "attach" => group.AttachGroup(rig.B),
            "attach foreign" => group.AttachGroup(new GroupRig(rig.Group.Kernel).A),
            "replace" => group.ReplaceGroup(rig.B),
            "replace by none" => group.ReplaceGroup(null),
            _ => group.DetachGroup(rig.A),
        };
    }

    private static IEnumerable<DriverStep> Unuse(IommuGroup group)
    {
        group.UnuseDefaultDomain();
        yield return DriverStep.Return(0);
    }
}
