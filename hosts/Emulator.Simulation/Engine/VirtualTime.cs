namespace Emulator.Simulations.Engine;

/// <summary>The simulation's time for code that takes a <see cref="TimeProvider"/>.</summary>
internal sealed class VirtualTime(Simulation simulation, DateTimeOffset epoch) : TimeProvider
{
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow() => epoch + simulation.Now;

    public override long GetTimestamp() => simulation.Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(simulation, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }
}
