using System.Diagnostics;
using Akka.Actor;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Actors.Programming;

/// <summary>The conversations with the IOMMU's actor: groups and domains ask it to program, it passes the driver's steps to the silicon.</summary>
internal static class ProgrammingMessages
{
    /// <summary>Group: program the blocking strategy. Answer: <see cref="Programmed"/>.</summary>
    public sealed record ProgramBlock(int Group, Epoch Epoch, ActivityContext Trace);

    /// <summary>Group: attach to a tenant's domain. Answer: <see cref="Programmed"/>.</summary>
    public sealed record ProgramAttach(int Group, Epoch Epoch, OwnerTag Tenant, ActivityContext Trace);

    /// <summary>How a run for a group ended.</summary>
    /// <param name="Group">The group.</param>
    /// <param name="Epoch">The epoch of the run.</param>
    /// <param name="Purpose">What it was for.</param>
    /// <param name="Failure">Null when it succeeded.</param>
    public sealed record Programmed(int Group, Epoch Epoch, RunPurpose Purpose, string? Failure);

    /// <summary>Domain: make the tenant's domain, or find it again. Answer: <see cref="DomainAllocated"/> or <see cref="DomainRefused"/>.</summary>
    public sealed record AllocateDomain(OwnerTag Tenant);

    public sealed record DomainAllocated(IommuDomain Domain);

    public sealed record DomainRefused(OwnerTag Tenant, string Reason);

    /// <summary>Domain: mappings were made. Answer: <see cref="Invalidated"/>.</summary>
    public sealed record SyncMap(IommuDomain Domain, Iova Iova, ulong Size, InvalidationGather Gather, long Ticket);

    /// <summary>Domain: mappings were removed. Answer: <see cref="Invalidated"/>.</summary>
    public sealed record Sync(IommuDomain Domain, InvalidationGather Gather, long Ticket);

    /// <summary>Domain: map or unmap where the driver has to do it, because there is no table in memory. Answer: <see cref="Invalidated"/>.</summary>
    /// <param name="Steps">The driver's steps; enumerated anew when they have to be repeated.</param>
    /// <param name="Ticket">Names the request in the answer.</param>
    public sealed record MapByDriver(IEnumerable<DriverStep> Steps, long Ticket);

    /// <summary>How a domain's request ended.</summary>
    /// <param name="Ticket">The request.</param>
    /// <param name="Failure">Null when it succeeded.</param>
    /// <param name="Error">What the driver returned when it failed with an error of its own.</param>
    public sealed record Invalidated(long Ticket, string? Failure, Errno Error = Errno.None);

    /// <summary>IOMMU to domain: a group was attached to it. Where the driver maps for attached domains only, the buffer is mapped; then, or else at once, the group is answered.</summary>
    /// <param name="Answer">The answer, unless mapping fails.</param>
    /// <param name="Group">Who waits for it.</param>
    public sealed record MapAttached(Programmed Answer, IActorRef Group);

    /// <summary>IOMMU to host: the IOMMU and its devices are probed, or can't be.</summary>
    public sealed record IommuProbed(string? Failure);

    /// <summary>To the silicon: the whole run, or what is left of it. Answer: <see cref="RunEnded"/>.</summary>
    public sealed record PerformRun(DriverRun Run);

    /// <summary>To the silicon: may this run begin? Answer: <see cref="RunBegins"/>, or <see cref="RunEnded"/> when it is refused.</summary>
    public sealed record BeginRun(DriverRun Run);

    public sealed record RunBegins(DriverRun Run);

    /// <summary>To the silicon: the step that the run has ready, the <paramref name="Index"/>-th from 0. Answer: <see cref="StepPerformed"/>.</summary>
    public sealed record PerformStep(DriverRun Run, int Index);

    public sealed record StepPerformed(DriverRun Run, int Index);

    /// <summary>The IOMMU's actor to itself: it has waited for the silicon.</summary>
    /// <param name="Run">Which run.</param>
    /// <param name="Performed">How far that was when the wait began: if it has gone on since, it is waited for again.</param>
    public sealed record RunOverdue(DriverRun Run, int Performed);

    /// <summary>From the silicon: the run is finished.</summary>
    public sealed record RunEnded(DriverRun Run);

    /// <summary>From the silicon: the fault or event interrupt is asserted.</summary>
    public sealed record InterruptRaised
    {
        public static readonly InterruptRaised Instance = new();
    }
}
