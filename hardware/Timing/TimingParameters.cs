namespace Emulator.Hardware.Timing;

/// <summary>The parameters of the timing records, each with its unit and meaning: what <c>run --explain-timing</c> prints.</summary>
public static class TimingParameters
{
    private const string Ns = "ns";
    private const double LongestTime = 1e9;

    /// <summary>Those of an IOMMU.</summary>
    public static IReadOnlyList<TimingParameter> Of(IommuTiming timing)
    {
        ArgumentNullException.ThrowIfNull(timing);
        return
        [
            new("walkers", timing.Walkers, "walks", "page walks at the same time"),
            new("walk", timing.Walk, Ns, "one walk, from the miss to the translation"),
            new("holdRead", timing.HoldRead, Ns, "how much longer a read keeps its walker"),
            new("holdWrite", timing.HoldWrite, Ns, "how much longer a write keeps its walker"),
            new("invalidation", timing.Invalidation, Ns, "an invalidation, from its submission until the kernel has seen it complete"),
            new("registerRead", timing.RegisterRead, Ns, "a register read of a driver"),
            new("registerWrite", timing.RegisterWrite, Ns, "a register write of a driver"),
            new("memoryAccess", timing.MemoryAccess, Ns, "a load or store of a driver in memory"),
            new("iovaAllocation", timing.IovaAllocation, Ns, "an IOVA from the allocator, and its return"),
            new("mapCall", timing.MapCall, Ns, "a map or unmap call of a page table, first page included"),
            new("mapPage", timing.MapPage, Ns, "each further page of the call"),
        ];
    }

    /// <summary>Those of a device.</summary>
    public static IReadOnlyList<TimingParameter> Of(DeviceTiming timing)
    {
        ArgumentNullException.ThrowIfNull(timing);
        return
        [
            new("smallTags", timing.SmallTags, "reads", "reads in flight of at most smallLength"),
            new("largeTags", timing.LargeTags, "reads", "longer reads in flight"),
            new("smallLength", timing.SmallLength, "bytes", "the longest read that has smallTags"),
            new("postedSlots", timing.PostedSlots, "writes", "posted writes in flight"),
            new("upstream", timing.Upstream, Ns, "from the device to the IOMMU"),
            new("read", timing.Read, Ns, "a read of 64 bytes without a walk, from issue to data"),
            new("commit", timing.Commit, Ns, "a write without a walk, from issue to commit"),
            new("readInterval", timing.ReadInterval, Ns, "the shortest time between two reads"),
            new("writeInterval", timing.WriteInterval, Ns, "the shortest time between two writes"),
            new("downstreamRate", timing.DownstreamRate, "bytes/ns", "the link's rate towards the device"),
            new("upstreamRate", timing.UpstreamRate, "bytes/ns", "the link's rate from the device, link management taken off"),
            new("completionOverhead", timing.CompletionOverhead, "bytes", "framing and header of a completion"),
            new("writeOverhead", timing.WriteOverhead, "bytes", "framing and header of a write"),
            new("maxPayload", timing.MaxPayload, "bytes", "data of one packet at most"),
            new("readGap", timing.ReadGap, Ns, "what a read costs the link besides its bytes"),
            new("writeGap", timing.WriteGap, Ns, "what a write costs the link besides its bytes"),
            new("measuredInterval", timing.MeasuredInterval, Ns, "the time between two DMAs in place of what interval and link say"),
        ];
    }

    /// <summary>Checks a parameter that is a time: 0 to a second.</summary>
    /// <exception cref="ArgumentException">It is outside.</exception>
    internal static void CheckTime(in TimingParameter parameter)
    {
        if (parameter is { Unit: Ns, Value: { } value } && !(value is >= 0 and <= LongestTime))
            throw new ArgumentException($"{parameter.Name} {value} is outside 0 to {LongestTime:F0} ns");
    }
}
