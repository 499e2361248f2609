using Akka.TestKit;
using Emulator.Actors.Ownership;

namespace Emulator.TestKit;

/// <summary>A probe that sees every change of a group's ownership since it was made, in the order of the bus.</summary>
public sealed class OwnershipProbe
{
    private readonly TestPlatform _platform;
    private readonly int _group;
    private readonly TestProbe _probe;

    internal OwnershipProbe(TestPlatform platform, int group, TestProbe probe)
    {
        (_platform, _group, _probe) = (platform, group, probe);
        probe.IgnoreMessages(message => message is OwnershipChanged changed && (changed.Host != platform.Specification.Name || changed.Group != group));
        probe.Sys.EventStream.Subscribe(probe.Ref, typeof(OwnershipChanged));
    }

    /// <summary>Expects that the group is blocked next: nothing but Blocking on the way.</summary>
    public OwnershipChanged ExpectBlocked() => Expect("Blocked", changed => changed.State == OwnershipState.Blocked, passing: OwnershipState.Blocking);

    /// <summary>Expects that the group is attached to a tenant next: nothing but Attaching on the way, so it was blocked before, and said so.</summary>
    /// <param name="tenant">The tenant.</param>
    public OwnershipChanged ExpectAttached(TestTenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return Expect($"Attached to {tenant}", changed => changed.State == OwnershipState.Attached && changed.Granted == tenant.Tag, passing: OwnershipState.Attaching);
    }

    /// <summary>Expects that the group enters a state, whatever it may be, with nothing on the way.</summary>
    public OwnershipChanged ExpectState(OwnershipState state) => Expect($"{state}", changed => changed.State == state, passing: null);

    /// <summary>Expects that the group stays as it is for a while.</summary>
    /// <param name="duration">How long.</param>
    public void ExpectNoChange(TimeSpan duration)
    {
        if (_probe.ReceiveOne(duration) is OwnershipChanged changed)
            TestPlatform.Fail($"expected group {_group} to stay as it is, but it became {Describe(changed)}");
    }

    private OwnershipChanged Expect(string expectation, Func<OwnershipChanged, bool> holds, OwnershipState? passing)
    {
        while (true)
        {
            var changed = (OwnershipChanged?)_probe.ReceiveOne(_platform.Patience);
            if (changed == null)
                TestPlatform.Fail($"expected group {_group} to become {expectation}, but nothing happened to it for {_platform.Patience.TotalSeconds:0.###} s");
            if (holds(changed))
                return changed;
            if (changed.State != passing)
                TestPlatform.Fail($"expected group {_group} to become {expectation}, but it became {Describe(changed)}");
        }
    }

    private string Describe(OwnershipChanged changed) => $"{changed.State} in {changed.Epoch}, granted {_platform.NameOf(changed.Granted)}";
}
