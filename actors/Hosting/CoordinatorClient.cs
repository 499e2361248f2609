using Akka.Actor;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Hosting;

/// <summary>The ownership coordinator, as a program outside the actors sees it. Registered as a service; usable when the actor system has started.</summary>
/// <remarks>May be used by several threads at once. Every call throws <see cref="AskTimeoutException"/> when there is no answer in time - the change goes on, and who asks again
/// under its id gets its outcome - and <see cref="InvalidOperationException"/> while the journal cannot be read or written.</remarks>
public sealed class CoordinatorClient
{
    private readonly TimeSpan _timeout;

    /// <summary>Makes a client.</summary>
    /// <param name="actor">The coordinator's actor; nobody until <see cref="Actor"/> is set.</param>
    /// <param name="timeout">How long a call waits for its answer.</param>
    public CoordinatorClient(IActorRef actor, TimeSpan timeout)
    {
        Actor = actor;
        _timeout = timeout;
    }

    /// <summary>The coordinator's actor.</summary>
    public IActorRef Actor { get; internal set; }

    /// <summary>Moves a group to a tenant, or blocks it (<see cref="OwnerTag.None"/>).</summary>
    /// <param name="change">The change.</param>
    /// <param name="cancellation">Ends the wait; the change goes on.</param>
    public async Task<ChangeOutcome> ChangeAsync(OwnerChange change, CancellationToken cancellation = default) => (await ChangeAsync([change], cancellation))[0];

    /// <summary>Moves groups to tenants, any number at once.</summary>
    /// <param name="changes">The changes; of one group in this order.</param>
    /// <param name="cancellation">Ends the wait; the changes go on.</param>
    /// <returns>One outcome for each change, in their order.</returns>
    public async Task<IReadOnlyList<ChangeOutcome>> ChangeAsync(IReadOnlyList<OwnerChange> changes, CancellationToken cancellation = default) =>
        (await AskAsync<ChangesEnded>(new ChangeOwners(changes), cancellation)).Outcomes;

    /// <summary>Moves a device, and with it its group, to a tenant.</summary>
    /// <param name="id">The change's id, see <see cref="OwnerChange"/>.</param>
    /// <param name="host">The host's name.</param>
    /// <param name="device">The device, from 0.</param>
    /// <param name="toTenant">The tenant's owner tag; <see cref="OwnerTag.None"/> to block.</param>
    /// <param name="cancellation">Ends the wait; the change goes on.</param>
    public async Task<ChangeOutcome> ChangeDeviceAsync(string id, string host, int device, OwnerTag toTenant, CancellationToken cancellation = default) =>
        (await AskAsync<ChangesEnded>(new ChangeDeviceOwner(id, host, device, toTenant), cancellation)).Outcomes[0];

    /// <summary>Moves every group of a host to a tenant.</summary>
    /// <param name="id">The changes' id, see <see cref="ChangeHostOwner"/>.</param>
    /// <param name="host">The host's name.</param>
    /// <param name="toTenant">The tenant's owner tag; <see cref="OwnerTag.None"/> to block.</param>
    /// <param name="cancellation">Ends the wait; the changes go on.</param>
    /// <returns>One outcome for each group.</returns>
    public async Task<IReadOnlyList<ChangeOutcome>> ChangeHostAsync(string id, string host, OwnerTag toTenant, CancellationToken cancellation = default) =>
        (await AskAsync<ChangesEnded>(new ChangeHostOwner(id, host, toTenant), cancellation)).Outcomes;

    /// <summary>Who owns what, by the journal.</summary>
    /// <param name="host">One host's name; null for all.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<IReadOnlyList<GroupOwner>> GetOwnersAsync(string? host = null, CancellationToken cancellation = default) =>
        (await AskAsync<Owners>(new QueryOwners(host), cancellation)).Groups;

    private async Task<T> AskAsync<T>(object request, CancellationToken cancellation) =>
        await Actor.Ask<object>(request, _timeout, cancellation) is T answer
            ? answer
            : throw new InvalidOperationException("the ownership coordinator can't read or write its journal; the log says why");
}
