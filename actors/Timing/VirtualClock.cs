using Emulator.Hardware.Timing;

namespace Emulator.Actors.Timing;

/// <summary>A host's virtual time as a clock of nanoseconds. Writer: the translation actor, when it tells others of what has happened.</summary>
internal sealed class VirtualClock : TimeProvider
{
    private static readonly DateTimeOffset Start = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private long _now;

    /// <summary>The time, in picoseconds.</summary>
    public long Now
    {
        get => Volatile.Read(ref _now);
        set => Volatile.Write(ref _now, value);
    }

    public override long TimestampFrequency => VirtualTime.Second / VirtualTime.Nanosecond;

    public override long GetTimestamp() => Now / VirtualTime.Nanosecond;

    public override DateTimeOffset GetUtcNow() => Start + VirtualTime.ToTimeSpan(Now);
}
