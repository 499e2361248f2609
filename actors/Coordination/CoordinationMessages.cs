using Emulator.Actors.Ownership;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Coordination;

/// <summary>The conversation with the coordinator from outside. Hosts speak to it with <see cref="Hosts.HostMessages"/>.</summary>
public static class CoordinationMessages
{
    /// <summary>One change of one group.</summary>
    /// <param name="Id">Given by the requester, unique for ever, 1 to <see cref="CoordinatorOptions.MaxIdLength"/> characters. A change that is asked for again under
    /// its id is answered with what has become of it, and not made again.</param>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group, from 0.</param>
    /// <param name="ToTenant">The owner tag of the tenant to join; <see cref="OwnerTag.None"/> to stay blocked.</param>
    public sealed record OwnerChange(string Id, string Host, int Group, OwnerTag ToTenant);

    /// <summary>Asks for changes, any number at once: of one group in this order, of different groups side by side.
    /// Answer: <see cref="ChangesEnded"/>, when the last has ended.</summary>
    /// <param name="Changes">The changes.</param>
    public sealed record ChangeOwners(IReadOnlyList<OwnerChange> Changes);

    /// <summary>Asks for a change of the group that a device is in; all its devices move together. Answer: <see cref="ChangesEnded"/>.</summary>
    /// <param name="Id">The change's id.</param>
    /// <param name="Host">The host's name.</param>
    /// <param name="Device">The device, from 0.</param>
    /// <param name="ToTenant">As of <see cref="OwnerChange"/>.</param>
    public sealed record ChangeDeviceOwner(string Id, string Host, int Device, OwnerTag ToTenant);

    /// <summary>Asks for a change of every group of a host. Answer: <see cref="ChangesEnded"/>, group by group.</summary>
    /// <param name="Id">The changes' id; that of group g is "Id/g".</param>
    /// <param name="Host">The host's name.</param>
    /// <param name="ToTenant">As of <see cref="OwnerChange"/>.</param>
    public sealed record ChangeHostOwner(string Id, string Host, OwnerTag ToTenant);

    /// <summary>What has become of changes.</summary>
    /// <param name="Outcomes">One for each, in the order in which they were asked for.</param>
    public sealed record ChangesEnded(IReadOnlyList<ChangeOutcome> Outcomes);

    /// <summary>What has become of a change.</summary>
    /// <param name="Change">The change.</param>
    /// <param name="Result">Whether it was made.</param>
    /// <param name="Epoch">The group's epoch after it; <see cref="Epoch.None"/> when it was refused.</param>
    /// <param name="Reason">Why it was not made, in one line; null when it was.</param>
    public sealed record ChangeOutcome(OwnerChange Change, ChangeResult Result, Epoch Epoch, string? Reason);

    /// <summary>Who owns what? Answer: <see cref="Owners"/>.</summary>
    /// <param name="Host">One host's name; null for all. One that is unknown has no groups.</param>
    public sealed record QueryOwners(string? Host = null);

    /// <summary>Who owns what, by the journal.</summary>
    /// <param name="Groups">Every group, host by host in the order in which they joined first.</param>
    public sealed record Owners(IReadOnlyList<GroupOwner> Groups);

    /// <summary>A group's owner.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Owner">Its owner; <see cref="OwnerTag.None"/> when it is to be blocked.</param>
    /// <param name="Epoch">The last epoch that the coordinator knows of.</param>
    /// <param name="InForce">Whether the host has confirmed it; false while the host is away, while the owner is being restored and while a change goes on.</param>
    public sealed record GroupOwner(string Host, int Group, OwnerTag Owner, Epoch Epoch, bool InForce);

    /// <summary>Answer to any request while the journal cannot be read or written.</summary>
    public sealed record CoordinatorUnavailable;
}
