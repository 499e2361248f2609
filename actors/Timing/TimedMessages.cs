using Akka.Actor;
using Emulator.Actors.Silicon;

namespace Emulator.Actors.Timing;

/// <summary>The conversation about a host's virtual time.</summary>
public static class TimedMessages
{
    /// <summary>To a host: lets virtual time go on, until the first of what is said here, or the end of all workloads. Answer: <see cref="Advanced"/>; one at a time.</summary>
    /// <param name="Until">A moment, in picoseconds.</param>
    /// <param name="Dmas">A number of DMAs sent since the host's start; it is passed by what the devices send in a few microseconds at most.</param>
    public sealed record Advance(long Until = long.MaxValue, long Dmas = long.MaxValue);

    /// <summary>Virtual time stands where it was asked to go.</summary>
    /// <param name="Host">The host's name.</param>
    /// <param name="Now">The time, in picoseconds.</param>
    /// <param name="Dmas">DMAs sent since the host's start.</param>
    /// <param name="Finished">Whether no workload has anything left to send.</param>
    public sealed record Advanced(string Host, long Now, long Dmas, bool Finished);

    /// <summary>To a host: what its devices did in virtual time. Answer: <see cref="TimedReport"/>; a failure while a workload is going on.</summary>
    public sealed record GetReport;

    /// <summary>To the translation actor: the devices begin their workloads.</summary>
    /// <param name="Devices">Their actors: where their DMAs are recorded.</param>
    internal sealed record Begin(IReadOnlyList<IActorRef> Devices);

    /// <summary>To the translation actor: a device sends no more.</summary>
    internal sealed record End(int Device);

    /// <summary>To a device: it sends no more, and the batches that it has recorded since it began are so many.</summary>
    internal sealed record Ended(long Batches);

    /// <summary>The translation actor to itself: further.</summary>
    internal sealed record Continue : IDataLane
    {
        public static Continue Instance { get; } = new();
    }
}
