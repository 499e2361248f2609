namespace Emulator.Telemetry;

/// <summary>What has happened to the ownership of one host's groups so far. One writer for each field.</summary>
public sealed class OwnershipCounters
{
    private long _reassignments;
    private long _failed;
    private long _blockedTicks;
    private long _longestTicks;
    private long _restarts;
    private long _violations;
    private long _unchecked;
    private long _exposed;
    private long _longestExposureTicks;

    /// <summary>Changes of owner that ended with a new owner attached.</summary>
    public long Reassignments => Volatile.Read(ref _reassignments);

    /// <summary>Changes of owner that failed.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>The sum of their blocked time.</summary>
    public TimeSpan BlockedTime => new(Volatile.Read(ref _blockedTicks));

    /// <summary>The longest of them.</summary>
    public TimeSpan LongestBlockedTime => new(Volatile.Read(ref _longestTicks));

    /// <summary>Crashes of actors.</summary>
    public long ActorRestarts => Volatile.Read(ref _restarts);

    /// <summary>DMAs that landed where their device had no right to read or write.</summary>
    public long Violations => Volatile.Read(ref _violations);

    /// <summary>DMAs that no check has seen.</summary>
    public long Unchecked => Volatile.Read(ref _unchecked);

    /// <summary>DMAs that reached an earlier owner's or freed memory while that was tolerated.</summary>
    public long Exposed => Volatile.Read(ref _exposed);

    /// <summary>The longest time after a group had left its owner at which such a DMA landed.</summary>
    public TimeSpan LongestExposure => new(Volatile.Read(ref _longestExposureTicks));

    /// <summary>Counts a change of owner.</summary>
    public void AddReassignment(TimeSpan blocked)
    {
        _reassignments++;
        _blockedTicks += blocked.Ticks;
        _longestTicks = Math.Max(_longestTicks, blocked.Ticks);
    }

    /// <summary>Counts a change that failed.</summary>
    public void AddFailure() => _failed++;

    /// <summary>Counts a crash.</summary>
    public void AddRestart() => _restarts++;

    /// <summary>Counts violations.</summary>
    public void AddViolation() => _violations++;

    /// <summary>Counts a DMA that was tolerated.</summary>
    /// <param name="after">The time since its group had left its owner.</param>
    public void AddExposed(TimeSpan after)
    {
        _exposed++;
        _longestExposureTicks = Math.Max(_longestExposureTicks, after.Ticks);
    }

    /// <summary>Counts DMAs that no check has seen.</summary>
    public void AddUnchecked(int dmas) => _unchecked += dmas;
}
