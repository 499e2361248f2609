namespace Emulator.Simulations.Engine;

/// <summary>The timers of a simulation, by virtual time. Those of one time come in the order in which they were planted.</summary>
internal sealed class TimerQueue
{
    private readonly PriorityQueue<SimTimer, (long Due, long Number)> _timers = new();
    private long _number;

    public void Add(SimTimer timer, TimeSpan due) => _timers.Enqueue(timer, (due.Ticks, _number++));

    /// <summary>When the next one is due that nobody has called off.</summary>
    public bool TryPeek(out TimeSpan due)
    {
        while (_timers.TryPeek(out var timer, out var key))
        {
            due = new TimeSpan(key.Due);
            if (!timer.IsDead)
                return true;
            _timers.Dequeue();
        }

        due = default;
        return false;
    }

    /// <summary>Takes the next one that is due by a time; one that repeats is planted again.</summary>
    public SimTimer? TakeDue(TimeSpan now)
    {
        if (!TryPeek(out var due) || due > now)
            return null;
        var timer = _timers.Dequeue();
        if (timer.Interval is { } interval)
            Add(timer, due + interval);
        return timer;
    }

    public void Clear()
    {
        _timers.Clear();
        _number = 0;
    }
}
