namespace Emulator.Hardware.Timing;

/// <summary>Something that acts at moments of virtual time: a device's DMA engine, a processor that serves a device's queue.</summary>
public abstract class TimelineAgent
{
    /// <summary>When it acts next; <see cref="VirtualTime.Never"/> while it waits to be woken.</summary>
    public long Next { get; protected internal set; } = VirtualTime.Never;

    /// <summary>Its place on its timeline.</summary>
    internal int Index { get; set; } = -1;

    /// <summary>Whether it acts no more.</summary>
    internal bool IsSilent { get; set; }

    /// <summary>Acts at <see cref="Next"/>, moves that on, and may go on for as long as it is before <see cref="Timeline.Limit"/>, which is read again after each act: whom the
    /// act has woken comes first.</summary>
    protected internal abstract void Act(Timeline timeline);
}
