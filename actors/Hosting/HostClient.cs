using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Hosting;

/// <summary>One host, as a program outside the actors sees it. Each call asks the host's actor and waits for its answer.</summary>
/// <remarks>May be used by several threads at once.</remarks>
public sealed class HostClient
{
    private readonly TimeSpan _timeout;

    /// <summary>Makes a client.</summary>
    /// <param name="specification">The host.</param>
    /// <param name="actor">Its actor.</param>
    /// <param name="timeout">How long a call waits for its answer; <see cref="WaitForWorkloadAsync"/> has no limit but its token.</param>
    public HostClient(HostSpecification specification, IActorRef actor, TimeSpan timeout)
    {
        Specification = specification;
        Actor = actor;
        _timeout = timeout;
    }

    /// <summary>What was asked for.</summary>
    public HostSpecification Specification { get; }

    /// <summary>The host's actor.</summary>
    public IActorRef Actor { get; }

    /// <summary>Waits until the host stands.</summary>
    /// <exception cref="InvalidOperationException">It can't be brought up; the message says why.</exception>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public async Task WaitUntilStartedAsync(CancellationToken cancellation = default)
    {
        if (await Actor.Ask<object>(new HostMessages.WaitUntilStarted(), _timeout, cancellation) is HostMessages.HostFailed failed)
            throw new InvalidOperationException($"host {failed.Host}: {failed.Reason}");
    }

    /// <summary>Starts every device's workload.</summary>
    public void StartWorkload() => Actor.Tell(new HostMessages.StartWorkload(), ActorRefs.NoSender);

    /// <summary>Stops every device's workload.</summary>
    public void StopWorkload() => Actor.Tell(new HostMessages.StopWorkload(), ActorRefs.NoSender);

    /// <summary>Waits until every device has got all its answers.</summary>
    public Task WaitForWorkloadAsync(CancellationToken cancellation = default) =>
        Actor.Ask<HostMessages.WorkloadFinished>(new HostMessages.WaitForWorkload(), Timeout.InfiniteTimeSpan, cancellation);

    /// <summary>Moves a group to a tenant.</summary>
    /// <param name="group">The group, from 0.</param>
    /// <param name="toTenant">The tenant's owner tag, see <see cref="HostSpecification.TenantTag"/>.</param>
    /// <param name="cancellation">Ends the wait; the change goes on.</param>
    /// <returns>The answer: <see cref="HostMessages.Reassigned"/> or <see cref="HostMessages.ReassignmentFailed"/>.</returns>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public Task<object> ReassignAsync(int group, OwnerTag toTenant, CancellationToken cancellation = default) =>
        Actor.Ask<object>(new HostMessages.Reassign(group, toTenant), _timeout, cancellation);

    /// <summary>Calls the kernel's core about a group; for hosts that start <see cref="StartsWith.Kernel"/>.</summary>
    /// <param name="group">The group, from 0.</param>
    /// <param name="call">What is called.</param>
    /// <param name="cancellation">Ends the wait; the call goes on.</param>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public Task<CoreMessages.CoreAnswer> CallCoreAsync(int group, CoreCall call, CancellationToken cancellation = default) =>
        Actor.Ask<CoreMessages.CoreAnswer>(new CoreMessages.CallCore(group, call), _timeout, cancellation);

    /// <summary>Opens /dev/iommu in a process of a tenant.</summary>
    /// <param name="tenant">The tenant's owner tag.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="DriverException">EOPNOTSUPP: there is no /dev/iommu. EINVAL: no such tenant.</exception>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public async Task<IommufdClient> OpenIommufdAsync(OwnerTag tenant, CancellationToken cancellation = default)
    {
        var opened = await Actor.Ask<IommufdMessages.IommufdAnswer>(new IommufdMessages.OpenIommufd(tenant), _timeout, cancellation);
        return opened.Errno == Errno.None
            ? new IommufdClient(Actor, opened.Context, _timeout)
            : throw new DriverException(opened.Errno, $"host {opened.Host}: /dev/iommu can't be opened for {tenant}");
    }

    /// <summary>Lets virtual time go on; for hosts that have one.</summary>
    /// <param name="advance">How far.</param>
    /// <param name="cancellation">Ends the wait; time goes on.</param>
    public Task<TimedMessages.Advanced> AdvanceAsync(TimedMessages.Advance advance, CancellationToken cancellation = default) =>
        Actor.Ask<TimedMessages.Advanced>(advance, Timeout.InfiniteTimeSpan, cancellation);

    /// <summary>What the devices did in virtual time; for hosts that have one, when the workloads have ended.</summary>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public Task<TimedReport> GetTimedReportAsync(CancellationToken cancellation = default) =>
        Actor.Ask<TimedReport>(new TimedMessages.GetReport(), _timeout, cancellation);

    /// <summary>The figures so far.</summary>
    /// <exception cref="AskTimeoutException">No answer in time.</exception>
    public Task<HostStatistics> GetStatisticsAsync(CancellationToken cancellation = default) =>
        Actor.Ask<HostStatistics>(new HostMessages.GetStatistics(), _timeout, cancellation);
}
