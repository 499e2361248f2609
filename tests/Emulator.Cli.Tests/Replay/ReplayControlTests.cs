using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Emulator.Cli.Replay;

namespace Emulator.Cli.Tests.Replay;

/// <summary>What a replay says when trace and log do not agree, or do not tell everything.</summary>
public sealed partial class ReplayControlTests
{
    private const string Group = "a-1 [000] ..... 1.000000: add_device_to_group: IOMMU: groupID=1 device=0000:00:03.0\n";
    private const string Attached = "a-1 [000] ..... 1.000001: attach_device_to_domain: IOMMU: device=0000:00:03.0\n";

    [Fact]
    public void Every_DMA_whose_landing_address_was_changed_is_found()
    {
        var (seen, changed) = (0, 0);
        using var log = LogEditing.Edit(TraceData.DmaLog("boot"), line =>
        {
            var landed = Landed().Match(line);
            if (!landed.Success || seen++ % 7 != 0)
                return line;
            changed++;
            var address = ulong.Parse(landed.Groups["address"].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) ^ 0x10000;
            return line.Replace(landed.Value, $"gpa 0x{address:x}", StringComparison.Ordinal);
        });

        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace("boot"), DmaLog = log.Path });

        Assert.True(changed > 100);
        Assert.Equal((935L, 935L - changed, 0L), (result.Counts.Dmas, result.Counts.Matched, result.Counts.Violations));

        // What was logged after the trace's end is judged no more.
        Assert.Equal(changed, result.Counts.Mismatched + result.Counts.Unattributed);
        Assert.InRange(result.Counts.Unattributed, 0, changed / 10);
        Assert.False(result.Held);
    }

    [Fact]
    public void Every_DMA_that_another_device_is_made_to_have_sent_is_found()
    {
        var changed = 0;
        using var log = LogEditing.Edit(TraceData.DmaLog("boot"), line =>
        {
            if (!line.Contains("vtd_dmar_translate dev 00:07.00", StringComparison.Ordinal))
                return line;
            changed++;
            return line.Replace("dev 00:07.00", "dev 00:03.00", StringComparison.Ordinal);
        });

        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace("boot"), DmaLog = log.Path });

        Assert.Equal((617, 617L, 935L - 617), (changed, result.Counts.Violations + result.Counts.Unattributed, result.Counts.Matched));
        Assert.InRange(result.Counts.Unattributed, 0, changed / 10);
    }

    [Fact]
    public void DMA_of_a_stream_that_is_no_device_of_the_trace_cannot_be_attributed()
    {
        using var log = LogEditing.Edit(TraceData.DmaLog("boot"), line => line.Replace("dev 00:06.00", "dev 42:06.00", StringComparison.Ordinal));
        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace("boot"), DmaLog = log.Path });
        Assert.Equal((12L, 0L, 0L), (result.Counts.Unattributed, result.Counts.Mismatched, result.Counts.Violations));
    }

    [Fact]
    public void A_trace_of_tracepoints_alone_proves_nothing_wrong_and_says_what_was_assumed()
    {
        using var trace = LogEditing.Edit(TraceData.Trace("boot"), line => line.StartsWith('#') || line.Contains(" IOMMU: ", StringComparison.Ordinal) ? line : null);
        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = TraceData.DmaLog("boot") });

        Assert.Equal(935, result.Counts.Matched + result.Counts.Unattributed);
        Assert.Equal((0L, 0L, 0L), (result.Counts.Mismatched, result.Counts.Violations, result.Counts.Stale));
        Assert.Contains(result.Assumptions, line => line.Contains("147 maps name no domain", StringComparison.Ordinal));
        Assert.Contains(result.Assumptions, line => line.Contains("maps name no protection: read and write", StringComparison.Ordinal));
    }

    [Fact]
    public void With_one_domain_tracepoints_alone_are_enough_to_judge_every_DMA()
    {
        using var trace = new TemporaryFile(
            Group + Attached
            + "a-1 [000] ..... 1.000100: map: IOMMU: iova=0x0000000000010000 - 0x0000000000011000 paddr=0x0000000000400000 size=4096\n"
            + "a-1 [000] ..... 1.000200: map: IOMMU: iova=0x0000000000020000 - 0x0000000000022000 paddr=0x0000000000500000 size=8192\n"
            + "a-1 [000] ..... 1.200000: unmap: IOMMU: iova=0x0000000000010000 - 0x0000000000011000 size=4096 unmapped_size=4096\n"
            + "a-1 [000] ..... 1.300000: unmap: IOMMU: iova=0x0000000000020000 - 0x0000000000022000 size=8192 unmapped_size=8192\n");
        using var log = new TemporaryFile(
            "1@500.100000:vtd_dmar_translate dev 00:03.00 iova 0x10000 -> gpa 0x400000 mask 0xfff\n"
            + "1@500.100001:vtd_dmar_translate dev 00:03.00 iova 0x21000 -> gpa 0x501000 mask 0xfff\n"
            + "1@500.100002:vtd_dmar_translate dev 00:03.00 iova 0x21000 -> gpa 0x500000 mask 0xfff\n"
            + "1@500.200002:vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x2 addr 0x10000 mask 0x0\n"
            + "1@500.300002:vtd_inv_desc_iotlb_pages iotlb invalidate domain 0x2 addr 0x20000 mask 0x1\n");

        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, DmaLog = log.Path });

        Assert.Equal((3L, 2L, 1L), (result.Counts.Dmas, result.Counts.Matched, result.Counts.Mismatched));
        Assert.Contains("line 3 of the DMA log: 0000:00:03.0 to 0x21000 landed at 0x500000, here it lands at 0x501000", result.DmaProblems.Kept);
    }

    [Theory]
    [InlineData("intel")]
    [InlineData("arm-smmu-v3")]
    [InlineData("amd")]
    public void A_trace_that_frees_a_domain_in_use_is_a_difference_and_not_a_crash(string iommu)
    {
        using var trace = new TemporaryFile(
            Group
            + "a-1 [000] ..... 1.000001: dalloc: (x_iommu_domain_alloc+0x0/0x120) type=3\n"
            + "a-1 [000] ..... 1.000002: attach: (x_iommu_attach_device+0x0/0x8c0) dom=0x1000 dev=\"0000:00:03.0\"\n"
            + Attached
            + "a-1 [000] ..... 1.000004: dfree: (x_iommu_domain_free+0x0/0x30) dom=0x1000\n");

        var result = Replayer.Run(new ReplayOptions { Trace = trace.Path, Iommu = iommu });

        Assert.False(result.Held);
        Assert.Single(result.DriverProblems.Kept);
    }

    [Theory]
    [InlineData("arm-smmu-v3")]
    [InlineData("amd")]
    public void A_trace_can_be_replayed_on_another_IOMMU(string iommu)
    {
        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace("rebind-vfio"), Iommu = iommu });
        Assert.True(result.Held, string.Join('\n', result.DriverProblems.Kept));
        Assert.Equal((iommu, 3831L), (result.Iommu, result.Events["iommu.map"]));
    }

    [Fact]
    public async Task The_document_has_the_members_that_docs_describe()
    {
        var output = new StringBuilder();
        await using var writer = new StringWriter(output);
        var exit = await EmulatorCommand.InvokeAsync(["replay", "--json", TraceData.Trace("boot"), "--dma", TraceData.DmaLog("boot"), "--iommu", "intel"], writer, TextWriter.Null);

        Assert.Equal(ExitCode.Held, exit);
        using var document = JsonDocument.Parse(output.ToString());
        var root = document.RootElement;
        Assert.Equal("emulator.replay/1", root.GetProperty("schema").GetString());
        Assert.Equal(147, root.GetProperty("events").GetProperty("iommu.map").GetInt32());
        Assert.Equal((935, 935), (root.GetProperty("dmas").GetInt32(), root.GetProperty("matched").GetInt32()));
        Assert.All(["stale", "mismatched", "unattributed", "violations"], name => Assert.Equal(0, root.GetProperty(name).GetInt32()));
    }

    [Fact]
    public async Task A_mismatch_ends_with_exit_code_1()
    {
        using var log = LogEditing.Edit(TraceData.DmaLog("boot"), line => line.Replace("-> gpa 0x5", "-> gpa 0x7", StringComparison.Ordinal));
        await using var writer = new StringWriter();
        Assert.Equal(ExitCode.CheckFailed, await EmulatorCommand.InvokeAsync(["replay", TraceData.Trace("boot"), "--dma", log.Path], writer, TextWriter.Null));
        Assert.Contains("a check failed", writer.ToString(), StringComparison.Ordinal);
    }

    [GeneratedRegex("gpa 0x(?<address>[0-9a-f]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Landed();
}
