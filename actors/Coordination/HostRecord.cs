using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationEvents;

namespace Emulator.Actors.Coordination;

/// <summary>What the journal says of a host.</summary>
internal sealed class HostRecord(HostAdmitted admitted)
{
    // Epochs from one joining of a host to the next: more than a group can use by itself in between, one each time that an actor crashes.
    private const long Term = 1 << 20;

    private readonly List<GroupRecord> _groups = [];

    /// <summary>What it was when it joined last.</summary>
    public HostAdmitted Admitted { get; private set; } = admitted;

    public string Name => Admitted.Host;

    public int GroupCount => (Admitted.Devices + Admitted.GroupSize - 1) / Admitted.GroupSize;

    /// <summary>All groups that it ever had; the first <see cref="GroupCount"/> are there.</summary>
    public IReadOnlyList<GroupRecord> Groups => _groups;

    /// <summary>Where its epochs are to go on when it joins again: above all that it can have used, told or not.</summary>
    public Epoch NextFloor => new(((_groups.Max(group => group.Epoch.Value) / Term) + 1) * Term);

    public bool HasTenant(OwnerTag tenant) => tenant.Value >= 0 && tenant.Value <= Admitted.Tenants;

    public void Admit(HostAdmitted admitted)
    {
        Admitted = admitted;
        while (_groups.Count < GroupCount)
            _groups.Add(new GroupRecord());
        foreach (var group in _groups)
            group.Epoch = admitted.Floor;
    }

    public void Restore(IReadOnlyList<GroupSnapshot> groups) =>
        _groups.AddRange(groups.Select(group => new GroupRecord { Owner = group.Owner, Epoch = group.Epoch, Decided = group.Decided }));
}
