using System.Diagnostics;
using Akka.Actor;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;

namespace Emulator.Actors.Ownership;

/// <summary>A change of owner that somebody has asked for and that is going on.</summary>
internal sealed class GroupChange
{
    private readonly TimeProvider _time;
    private readonly ActivityContext _parent;
    private readonly long _started;
    private Activity? _span;

    /// <summary>Makes it.</summary>
    /// <param name="time">The clock of its duration.</param>
    /// <param name="requester">Who gets the answer.</param>
    /// <param name="target">The tenant to join; null to stay blocked.</param>
    /// <param name="parent">The trace that it is part of.</param>
    /// <param name="isReassignment">Whether the group has had an owner before.</param>
    public GroupChange(TimeProvider time, IActorRef requester, OwnerTag? target, ActivityContext parent, bool isReassignment)
    {
        _time = time;
        _started = time.GetTimestamp();
        Requester = requester;
        Target = target;
        _parent = parent;
        IsReassignment = isReassignment;
    }

    public IActorRef Requester { get; }

    public OwnerTag? Target { get; }

    /// <summary>When the silicon had the new owner attached, as a time stamp of the clock; null before that.</summary>
    public long? AttachedAt { get; set; }

    public bool IsReassignment { get; }

    public ActivityContext Trace => _span?.Context ?? _parent;

    public void Begin(string host, int group, Epoch epoch)
    {
        _span = OwnershipActivities.Start(OwnershipActivities.Change, _parent, host, group, epoch.Value);
        // It is passed on in messages; this thread goes on to other actors.
        Activity.Current = null;
    }

    /// <summary>Ends it.</summary>
    /// <param name="failure">Why it failed; null when it succeeded.</param>
    /// <returns>How long it took.</returns>
    public TimeSpan End(string? failure)
    {
        if (failure != null)
            _span?.SetStatus(ActivityStatusCode.Error, failure);
        _span?.Dispose();
        return _time.GetElapsedTime(_started, AttachedAt ?? _time.GetTimestamp());
    }
}
