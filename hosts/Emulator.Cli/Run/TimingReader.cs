using Emulator.Actors.Timing;
using Emulator.Hardware.Timing;

namespace Emulator.Cli.Run;

/// <summary>Reads what a host's hardware takes in virtual time. <c>docs/TIMING.md</c> documents every parameter.</summary>
internal static class TimingReader
{
    private const double Longest = 1e9;

    /// <summary>Reads it.</summary>
    /// <param name="fields">The fields of <c>timing</c>; null for what absent fields stand for.</param>
    /// <param name="was">What absent fields stand for.</param>
    public static HostTiming Read(YamlFields? fields, HostTiming was)
    {
        if (fields == null)
            return was;
        var timing = was with { Iommu = ReadIommu(fields.Mapping("iommu"), was.Iommu), Device = ReadDevice(fields.Mapping("device"), was.Device) };
        fields.RefuseOthers();
        return timing;
    }

    private static IommuTiming ReadIommu(YamlFields? fields, IommuTiming was)
    {
        if (fields == null)
            return was;
        var timing = was with
        {
            Walkers = fields.Number("walkers", 1, TranslationTimer.MaxWalkers) ?? was.Walkers,
            Walk = fields.Real("walk", 0, Longest) ?? was.Walk,
            HoldRead = fields.Real("holdRead", 0, Longest) ?? was.HoldRead,
            HoldWrite = fields.Real("holdWrite", 0, Longest) ?? was.HoldWrite,
            Invalidation = fields.Real("invalidation", 0, Longest) ?? was.Invalidation,
            RegisterRead = fields.Real("registerRead", 0, Longest) ?? was.RegisterRead,
            RegisterWrite = fields.Real("registerWrite", 0, Longest) ?? was.RegisterWrite,
            MemoryAccess = fields.Real("memoryAccess", 0, Longest) ?? was.MemoryAccess,
            IovaAllocation = fields.Real("iovaAllocation", 0, Longest) ?? was.IovaAllocation,
            MapCall = fields.Real("mapCall", 0, Longest) ?? was.MapCall,
            MapPage = fields.Real("mapPage", 0, Longest) ?? was.MapPage,
        };
        fields.RefuseOthers();
        return timing;
    }

    private static DeviceTiming ReadDevice(YamlFields? fields, DeviceTiming was)
    {
        if (fields == null)
            return was;
        var timing = was with
        {
            SmallTags = fields.Number("smallTags", 1, RequestTimer.MaxInFlight) ?? was.SmallTags,
            LargeTags = fields.Number("largeTags", 1, RequestTimer.MaxInFlight) ?? was.LargeTags,
            SmallLength = fields.Number("smallLength", 0, 4096) ?? was.SmallLength,
            PostedSlots = fields.Number("postedSlots", 1, RequestTimer.MaxInFlight) ?? was.PostedSlots,
            Upstream = fields.Real("upstream", 0, Longest) ?? was.Upstream,
            Read = fields.Real("read", 0, Longest) ?? was.Read,
            Commit = fields.Real("commit", 0, Longest) ?? was.Commit,
            ReadInterval = fields.Real("readInterval", 0, Longest) ?? was.ReadInterval,
            WriteInterval = fields.Real("writeInterval", 0, Longest) ?? was.WriteInterval,
            DownstreamRate = fields.Real("downstreamRate", 0.001, 1e6) ?? was.DownstreamRate,
            UpstreamRate = fields.Real("upstreamRate", 0.001, 1e6) ?? was.UpstreamRate,
            CompletionOverhead = fields.Number("completionOverhead", 0, 4096) ?? was.CompletionOverhead,
            WriteOverhead = fields.Number("writeOverhead", 0, 4096) ?? was.WriteOverhead,
            MaxPayload = fields.Number("maxPayload", 64, 4096) ?? was.MaxPayload,
            ReadGap = fields.Real("readGap", 0, Longest) ?? was.ReadGap,
            WriteGap = fields.Real("writeGap", 0, Longest) ?? was.WriteGap,
            MeasuredInterval = fields.Real("measuredInterval", 0, Longest) ?? was.MeasuredInterval,
        };
        fields.RefuseOthers();
        try
        {
            timing.Validate();
        }
        catch (ArgumentException e)
        {
            throw fields.Refuse("upstream", e.Message);
        }

        return timing;
    }
}
