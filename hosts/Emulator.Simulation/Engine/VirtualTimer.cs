namespace Emulator.Simulations.Engine;

/// <summary>A timer of <see cref="VirtualTime"/>.</summary>
internal sealed class VirtualTimer(Simulation simulation, Action fire) : ITimer
{
    private static readonly ActorName s_name = ActorName.Of("!time");

    private SimTimer? _timer;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        _timer?.Cancel();
        _timer = null;
        if (dueTime == Timeout.InfiniteTimeSpan)
            return true;
        _timer = new SimTimer(s_name, fire, period == Timeout.InfiniteTimeSpan || period == TimeSpan.Zero ? null : period);
        simulation.Plant(_timer, dueTime);
        return true;
    }

    public void Dispose() => _timer?.Cancel();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
