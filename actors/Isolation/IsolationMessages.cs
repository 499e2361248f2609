using Akka.Actor;

namespace Emulator.Actors.Isolation;

/// <summary>The conversation of the isolation check, besides the stream of completed DMA and ownership changes.</summary>
internal static class IsolationMessages
{
    /// <summary>From the checker, by way of the host, to the silicon: it has (re)started and knows no grants. Answer: each group's <see cref="Ownership.OwnershipChanged"/>, then <see cref="GrantsStated"/>.</summary>
    public sealed record StateGrants;

    /// <summary>Every group's state has been sent; the stream is complete from here.</summary>
    public sealed record GrantsStated;

    /// <summary>Host to silicon to checker, in line: fill in the figures and answer with <see cref="Hosts.HostStatistics"/>.</summary>
    /// <param name="ReplyTo">Who asks.</param>
    /// <param name="VirtualNow">How far virtual time is, in picoseconds: the silicon fills it in.</param>
    public sealed record CollectStatistics(IActorRef ReplyTo, long? VirtualNow = null);
}
