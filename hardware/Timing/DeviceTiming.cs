namespace Emulator.Hardware.Timing;

/// <summary>What a device and its PCIe link take in time, and how much it keeps in flight. Times are nanoseconds, lengths bytes. Defaults: a card with an
/// NFP-6000 on PCIe gen3 x8 (SIGCOMM 2018, doi:10.1145/3230543.3230560, and the model fitted to it).</summary>
public sealed record DeviceTiming
{
    /// <summary>Reads in flight at most, 1 to <see cref="RequestTimer.MaxInFlight"/>, of at most <see cref="SmallLength"/> bytes.</summary>
    public int SmallTags { get; init; } = 24;

    /// <summary>Reads in flight at most when they are longer, 1 to <see cref="RequestTimer.MaxInFlight"/>.</summary>
    public int LargeTags { get; init; } = 16;

    /// <summary>The longest read that has <see cref="SmallTags"/>.</summary>
    public int SmallLength { get; init; } = 128;

    /// <summary>Posted writes in flight at most, 1 to <see cref="RequestTimer.MaxInFlight"/>; 32 and more are alike.</summary>
    public int PostedSlots { get; init; } = 64;

    /// <summary>From the device to the IOMMU. Any value below <see cref="Read"/> gives the same rates.</summary>
    public double Upstream { get; init; } = 150;

    /// <summary>From issue to data of a read of 64 bytes that needs no walk: 437 from memory, 368 to 380 from a cache.</summary>
    public double Read { get; init; } = 437;

    /// <summary>From issue to commit of a write that needs no walk. Has no influence on rates.</summary>
    public double Commit { get; init; } = 300;

    /// <summary>The shortest time between two reads.</summary>
    public double ReadInterval { get; init; } = 15.3;

    /// <summary>The shortest time between two writes.</summary>
    public double WriteInterval { get; init; } = 21.1;

    /// <summary>Bytes a nanosecond downstream: raw gen3 x8, 8 GT/s x 8 lanes x 128/130.</summary>
    public double DownstreamRate { get; init; } = 7.87;

    /// <summary>Bytes a nanosecond upstream, acknowledgements and flow control taken off.</summary>
    public double UpstreamRate { get; init; } = 7.24;

    /// <summary>Bytes of framing and header of a completion with data.</summary>
    public int CompletionOverhead { get; init; } = 20;

    /// <summary>Bytes of framing and header of a write with a 64-bit address.</summary>
    public int WriteOverhead { get; init; } = 24;

    /// <summary>Bytes of data of one packet at most.</summary>
    public int MaxPayload { get; init; } = 256;

    /// <summary>What a read costs the link besides its bytes.</summary>
    public double ReadGap { get; init; } = 5;

    /// <summary>What a write costs the link besides its bytes.</summary>
    public double WriteGap { get; init; } = 1.5;

    /// <summary>The time between two DMAs of a length, in place of what interval and link say; null: those. For a device whose rate without IOMMU was
    /// measured.</summary>
    public double? MeasuredInterval { get; init; }

    /// <summary>The time between two DMAs of this kind while nothing else limits them.</summary>
    /// <param name="length">Bytes of each.</param>
    /// <param name="isWrite">Their direction.</param>
    public double Interval(int length, bool isWrite)
    {
        if (MeasuredInterval is { } measured)
            return measured;
        var packets = (length + MaxPayload - 1) / MaxPayload;
        return isWrite
            ? Math.Max(WriteInterval, ((length + (WriteOverhead * packets)) / UpstreamRate) + WriteGap)
            : Math.Max(ReadInterval, ((length + (CompletionOverhead * packets)) / DownstreamRate) + ReadGap);
    }

    /// <summary>The time from issue to completion of a DMA that needs no walk.</summary>
    /// <param name="length">Its bytes.</param>
    /// <param name="isWrite">Its direction.</param>
    public double Unloaded(int length, bool isWrite) => isWrite ? Commit : Read + (Math.Max(0, length - 64) / DownstreamRate);

    /// <summary>DMAs of this kind in flight at most.</summary>
    /// <param name="length">Bytes of each.</param>
    /// <param name="isWrite">Their direction.</param>
    public int InFlight(int length, bool isWrite) => isWrite ? PostedSlots : length <= SmallLength ? SmallTags : LargeTags;

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        foreach (var (name, value) in (ReadOnlySpan<(string, int)>)[("small tags", SmallTags), ("large tags", LargeTags), ("posted slots", PostedSlots)])
        {
            if (value is < 1 or > RequestTimer.MaxInFlight)
                throw new ArgumentException($"{name} {value} are outside 1 to {RequestTimer.MaxInFlight}");
        }

        if (!(DownstreamRate > 0) || !(UpstreamRate > 0) || MaxPayload < 1 || CompletionOverhead < 0 || WriteOverhead < 0)
            throw new ArgumentException("link rates and the payload of a packet must be above 0, its overhead at least 0");
        foreach (var parameter in TimingParameters.Of(this))
            TimingParameters.CheckTime(parameter);
        if (Upstream > Math.Min(Read, Commit))
            throw new ArgumentException($"upstream {Upstream} ns is longer than a whole read ({Read} ns) or write ({Commit} ns)");
    }
}
