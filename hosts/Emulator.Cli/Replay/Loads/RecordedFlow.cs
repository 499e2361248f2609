namespace Emulator.Cli.Replay.Loads;

/// <summary>What one flow of execution - a task, or an interrupt of a CPU - is in the middle of.</summary>
internal sealed class RecordedFlow
{
    /// <summary>The mapping call that was entered and is not complete.</summary>
    public RecordedDmaCall? Open { get; set; }

    /// <summary>The line and time at which it was entered.</summary>
    public (int Line, long TimePs) Entered { get; set; }

    /// <summary>The line and time of the driver's first map in it: the address is given by then.</summary>
    public (int Line, long TimePs) Mapping { get; set; }

    /// <summary>The domain that the driver's map or unmap was called for; -1 when no kprobe told.</summary>
    public int Domain { get; set; } = -1;

    /// <summary>Whether the driver's map was called for a doorbell.</summary>
    public bool IsDoorbell { get; set; }

    /// <summary>The unmap whose invalidation may follow.</summary>
    public RecordedDmaCall? Unmapped { get; set; }

    /// <summary>Whether the invalidation of <see cref="Unmapped"/> was seen.</summary>
    public bool Synced { get; set; }

    /// <summary>Whether an entry of a context or PASID cache was invalidated just before.</summary>
    public bool Detaches { get; set; }

    /// <summary>The device for which an unmapping was entered.</summary>
    public string? Unmapping { get; set; }

    /// <summary>The flush queue's timer has fired here, at this line and time.</summary>
    public (int Line, long TimePs)? Expired { get; set; }

    /// <summary>The flush that is going on.</summary>
    public RecordedDmaCall? Flush { get; set; }

    /// <summary>The domain whose invalidation was entered last; -1 for none.</summary>
    public int Invalidated { get; set; } = -1;
}
