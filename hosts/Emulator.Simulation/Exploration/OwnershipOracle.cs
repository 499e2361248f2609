using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;

namespace Emulator.Simulations.Exploration;

/// <summary>Watches a host and says what must not be: order and epochs of its groups' states, the drain, truth of what was acknowledged, and what the witness found.</summary>
internal sealed class OwnershipOracle
{
    private readonly EmulatedHost _host;
    private readonly GroupTenure[] _seen;
    private readonly long[] _sentBeforeBlock;
    private readonly HashSet<(int Group, Epoch Epoch, OwnerTag Tenant)> _attached = [];
    private BrokenInvariant? _broken;
    private int _violationsSeen;

    public OwnershipOracle(EmulatedHost host)
    {
        _host = host;
        _seen = [.. host.Tenures];
        _sentBeforeBlock = new long[host.Devices.Count];
        for (var group = 0; group < _seen.Length; group++)
            NoteAttached(group);
        host.TenureObserver = Note;
    }

    /// <summary>What faults have struck explains violations of these kinds.</summary>
    public ViolationKinds Explained { get; set; }

    /// <summary>Violations that a fault explains.</summary>
    public long ExplainedViolations { get; private set; }

    /// <summary>Told of each change of a group's state.</summary>
    public Action<int, GroupTenure>? Observer { get; set; }

    /// <summary>Looks.</summary>
    /// <returns>What must not be; null when all is well.</returns>
    public BrokenInvariant? Look() => _broken ?? (_host.Ownership.Violations > _violationsSeen ? JudgeViolations() : null);

    /// <summary>Judges what was acknowledged to whoever asked for a change.</summary>
    public BrokenInvariant? Judge(HostMessages.Reassigned acknowledged) => _attached.Contains((acknowledged.Group, acknowledged.Epoch, acknowledged.Tenant))
        ? null
        : new BrokenInvariant("acknowledgement", $"group {acknowledged.Group} was acknowledged as {acknowledged.Tenant}'s in {acknowledged.Epoch}, and was never attached to it in that epoch");

    private void Note(int group, GroupTenure now)
    {
        _broken ??= Judge(group, _seen[group], now);
        _seen[group] = now;
        NoteAttached(group);
        Observer?.Invoke(group, now);
    }

    private BrokenInvariant? Judge(int group, in GroupTenure was, in GroupTenure now)
    {
        if (now.Epoch < was.Epoch)
            return new BrokenInvariant("epoch", $"group {group} went back from {was.Epoch} to {now.Epoch}");
        switch (now.State)
        {
            // The silicon's actor begins again: the block that it has been told of is still the same.
            case OwnershipState.Blocking when now.Epoch == was.Epoch:
                return null;
            case OwnershipState.Blocking:
                foreach (var device in DevicesOf(group))
                    _sentBeforeBlock[device] = _host.Batches.Sent(device);
                return null;
            case OwnershipState.Blocked when was.State == OwnershipState.Blocking && now.Epoch == was.Epoch:
                return JudgeDrain(group, now);
            case OwnershipState.Attaching when was.State == OwnershipState.Blocked && now.Epoch == was.Epoch:
            case OwnershipState.Attached when was.State == OwnershipState.Attaching && now.Epoch == was.Epoch:
                return null;
            default:
                return new BrokenInvariant("order", $"group {group} went from {was.State} in {was.Epoch} to {now.State} in {now.Epoch}");
        }
    }

    private BrokenInvariant? JudgeDrain(int group, in GroupTenure now)
    {
        foreach (var device in DevicesOf(group))
        {
            var answered = _host.Batches.Answered(device);
            if (answered < _sentBeforeBlock[device])
                return new BrokenInvariant("drain", $"group {group} is called Blocked in {now.Epoch} with {_sentBeforeBlock[device] - answered} batches of device {device} in flight that were sent before its block");
        }

        return now.Held == 0 ? null : new BrokenInvariant("drain", $"group {group} is called Blocked in {now.Epoch} while the silicon holds {now.Held} DMAs of it");
    }

    private BrokenInvariant? JudgeViolations()
    {
        var found = _host.Witness.FirstViolations();
        for (; _violationsSeen < found.Count; _violationsSeen++)
        {
            var violation = found[_violationsSeen];
            if ((Explained & violation.Kind) == 0)
                return new BrokenInvariant($"isolation/{Name(violation.Kind)}", violation.ToString());
            ExplainedViolations++;
        }

        return null;
    }

    private IEnumerable<int> DevicesOf(int group) =>
        Enumerable.Range(group * _host.Specification.GroupSize, _host.Specification.GroupSize).Where(device => device < _host.Devices.Count);

    private void NoteAttached(int group)
    {
        ref readonly var tenure = ref _seen[group];
        if (tenure.State == OwnershipState.Attached)
            _attached.Add((group, tenure.Epoch, tenure.Granted));
    }

    private static string Name(ViolationKinds kind) => kind switch
    {
        ViolationKinds.Identity => "identity",
        ViolationKinds.FreedMemory => "freed-memory",
        ViolationKinds.WhileBlocked => "while-blocked",
        ViolationKinds.OldDomain => "old-domain",
        _ => "foreign-memory",
    };
}
