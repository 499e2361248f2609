using System.Text.RegularExpressions;
using Emulator.Cli.Replay;

namespace Emulator.Cli.Tests.Replay;

/// <summary>Traces that do not tell everything, and other configurations than the recorded ones: nothing is blamed that they do not prove.</summary>
public sealed partial class ReplayGapTests
{
    private const string Attached = "a-1 [000] ..... 1.000001: attach_device_to_domain: IOMMU: device=0000:65:00.0\n";

    [Fact]
    public void A_PASID_cache_invalidation_tells_that_VTd_is_in_scalable_mode()
    {
        using var trace = LogEditing.Edit(TraceData.Trace("own-strict"), line =>
            ContextInvalidation().Match(line) is { Success: true } found ? $"{line}\n{line.Replace(found.Value, "pc_inv dmar0: 0x37 ", StringComparison.Ordinal)}" : line);
        using var log = LogEditing.Edit(TraceData.DmaLog("own-strict"), line => line.Replace("scalable 0", "scalable 1", StringComparison.Ordinal));

        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = log.Path });

        Assert.Contains("VT-d is in scalable mode: scalable-sl", result.Assumptions);
        Assert.Equal((118L, 118L, 1L), (result.Counts.Dmas, result.Counts.Matched, result.Counts.Identity));
        Assert.Equal(result.Counts.Refused, result.Counts.RefusedAlike);
        Assert.True(result.Held, string.Join('\n', result.DriverProblems.Kept));
    }

    [Fact]
    public void A_PASID_IOTLB_invalidation_of_pages_tells_first_level_tables()
    {
        using var trace = new TemporaryFile("a-1 [000] ..... 0.000001: qi_submit: p_iotlb_inv dmar0: 0x120036 0x1000 0x0 0x0\n" + Attached);
        Assert.Contains("VT-d is in scalable mode: scalable-fl", Replayer.Run(new ReplayOptions { Trace = trace.Path }).Assumptions);
    }

    [Theory]
    [InlineData("own-strict")]
    [InlineData("rebind-vfio")]
    [InlineData("rebind-arm64")]
    public void A_trace_that_begins_on_a_running_machine_proves_nothing_wrong(string run)
    {
        var seen = 0;
        using var trace = LogEditing.Edit(TraceData.Trace(run), line => line.StartsWith('#') || seen++ > 300 ? line : null);
        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = TraceData.DmaLog(run) });
        Assert.True(result.Held, string.Join('\n', [.. result.DriverProblems.Kept, .. result.DmaProblems.Kept]));
    }

    [Theory]
    [InlineData("own-strict")]
    [InlineData("rebind-vfio")]
    [InlineData("rebind-arm64")]
    public void Maps_and_unmaps_alone_can_be_replayed(string run)
    {
        using var trace = LogEditing.Edit(TraceData.Trace(run), line => line.StartsWith('#') || line.Contains("map: IOMMU: ", StringComparison.Ordinal) ? line : null);
        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path });
        Assert.True(result.Held, string.Join('\n', result.DriverProblems.Kept));
        Assert.Contains(result.Assumptions, line => line.Contains("domains were attached before the trace begins", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("rebind-vfio")]
    [InlineData("rebind-arm64")]
    public void Lost_events_prove_nothing_wrong(string run)
    {
        var seen = 0;
        using var trace = LogEditing.Edit(TraceData.Trace(run), line => line.StartsWith('#') ? line : (seen++ % 500) switch
        {
            < 12 when seen > 500 => null,
            12 when seen > 500 => $"CPU:1 [LOST 12 EVENTS]\n{line}",
            _ => line,
        });
        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = TraceData.DmaLog(run) });
        Assert.True(result.Held, string.Join('\n', [.. result.DriverProblems.Kept, .. result.DmaProblems.Kept]));
        Assert.Contains(result.Assumptions, line => line.Contains("events were lost", StringComparison.Ordinal));
    }

    [Fact]
    public void An_attached_device_that_was_never_added_has_a_group_of_its_own()
    {
        using var trace = new TemporaryFile(
            Attached
            + "a-1 [000] ..... 1.000010: map: IOMMU: iova=0x0000000040000000 - 0x0000000080000000 paddr=0x0000002000000000 size=1073741824\n"
            + "a-1 [000] ..... 1.000020: unmap: IOMMU: iova=0x0000000040000000 - 0x0000000080000000 size=1073741824 unmapped_size=1073741824\n"
            + "a-1 [000] ..... 1.000030: unmap: IOMMU: iova=0x0000000040000000 - 0x0000000080000000 size=1073741824 unmapped_size=0\n");

        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path });

        Assert.True(result.Held, string.Join('\n', result.DriverProblems.Kept));
        Assert.Contains("1 devices were added before the trace begins: a group of their own each", result.Assumptions);
    }

    [Fact]
    public void A_range_beyond_64_GiB_is_mapped_and_unmapped()
    {
        using var trace = new TemporaryFile(
            Attached
            + "a-1 [000] ..... 1.000010: map: IOMMU: iova=0x0000002000000000 - 0x0000004000000000 paddr=0x0000004000000000 size=137438953472\n"
            + "a-1 [000] ..... 1.000020: unmap: IOMMU: iova=0x0000002000000000 - 0x0000004000000000 size=137438953472 unmapped_size=137438953472\n");
        Assert.True(Replayer.Run(new ReplayOptions { Trace = trace.Path }).Held);
    }

    [Fact]
    public void A_log_without_a_request_has_nothing_to_align()
    {
        using var trace = new TemporaryFile(Attached);
        using var log = new TemporaryFile("1@500.000001:vtd_inv_desc_cc_global context invalidate globally\n");
        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = log.Path });
        Assert.Contains("the DMA log holds no request: there is nothing to compare", result.Assumptions);
    }

    [Fact]
    public void A_device_of_another_segment_does_not_take_the_requester_ID_of_one_of_segment_0()
    {
        using var trace = LogEditing.Edit(TraceData.Trace("boot"), line => line.Contains("add_device_to_group: IOMMU: groupID=0 ", StringComparison.Ordinal)
            ? $"{line.Replace("groupID=0 device=0000:00:00.0", "groupID=99 device=0001:00:07.0", StringComparison.Ordinal)}\n{line}"
            : line);
        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = TraceData.DmaLog("boot") });
        Assert.Equal((935L, true), (result.Counts.Matched, result.Held));
    }

    [Theory]
    [InlineData("own-strict")]
    [InlineData("rebind-arm64")]
    public void A_log_that_begins_later_is_aligned_from_the_end(string run)
    {
        var seen = 0;
        using var log = LogEditing.Edit(TraceData.DmaLog(run), line => seen++ < 400 ? null : line);
        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace(run), DmaLog = log.Path });
        Assert.Equal((result.Counts.Dmas, true), (result.Counts.Matched, result.Held));
    }

    // With a flush queue the unmaps of a domain are invalidated all at once, by its ASID.
    [Fact]
    public void A_lazy_run_of_SMMUv3_is_aligned_by_the_flushes_of_domains()
    {
        using var trace = LogEditing.Edit(TraceData.Trace("own-arm64-strict"), line =>
            line.Contains(" sync: (", StringComparison.Ordinal) ? null : line.Replace("type=3", "type=11", StringComparison.Ordinal));
        using var log = LogEditing.Edit(TraceData.DmaLog("own-arm64-strict"), line => line.Contains("range_inval", StringComparison.Ordinal) ? null : line);

        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = log.Path });

        Assert.Contains("clocks aligned by 10 invalidations seen on both sides", result.Assumptions);
        Assert.Equal((101L, 101L), (result.Counts.Dmas, result.Counts.Matched + result.Counts.Stale));
    }

    [GeneratedRegex("cc_inv dmar0: 0x[0-9a-f]+ ", RegexOptions.None, 1000)]
    private static partial Regex ContextInvalidation();
}
