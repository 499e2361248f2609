using Emulator.Cli.Replay;

namespace Emulator.Cli.Tests.Replay;

/// <summary>Recorded guests, replayed through our drivers and silicon.</summary>
public sealed class ReplayTests
{
    [Theory]
    [InlineData("boot")]
    [InlineData("mixed-strict")]
    [InlineData("net-e1000e-strict")]
    [InlineData("nvme-randrw-lazy")]
    [InlineData("nvme-randrw-strict")]
    [InlineData("own-strict")]
    [InlineData("rebind-vfio")]
    [InlineData("nvme-arm64-strict")]
    [InlineData("own-arm64-strict")]
    [InlineData("rebind-arm64")]
    public void Every_DMA_of_a_real_guest_lands_where_it_landed_there(string run)
    {
        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace(run), DmaLog = TraceData.DmaLog(run) });

        var check = TraceData.Check(run).GetProperty("translations");
        var verdicts = check.GetProperty("verdicts");
        Assert.Equal(check.GetProperty("total").GetInt64(), result.Counts.Dmas);
        Assert.Equal(Verdict("live") + Verdict("identity"), result.Counts.Matched);
        Assert.Equal(Verdict("identity"), result.Counts.Identity);
        Assert.Equal(Verdict("inval-win"), result.Counts.Stale);
        Assert.Equal((0, 0, 0), (result.Counts.Mismatched, result.Counts.Violations, result.Counts.Unattributed));
        Assert.Equal(result.Counts.Refused, result.Counts.RefusedAlike);
        Assert.Equal(result.Counts.Bypassed, result.Counts.BypassedAlike);
        Assert.True(result.Held, string.Join('\n', [.. result.DriverProblems.Kept, .. result.DmaProblems.Kept]));

        Assert.Equal(TraceData.Check(run).GetProperty("guest_events").GetProperty("iommu.map").GetInt64(), result.Events["iommu.map"]);

        long Verdict(string name) => verdicts.TryGetProperty(name, out var count) ? count.GetInt64() : 0;
    }

    // AMD's trace names no domains and protections: of the user's domain, VFIO's, it does not tell enough.
    [Fact]
    public void What_a_trace_of_AMD_tells_enough_of_lands_where_it_landed_there()
    {
        var result = Replayer.Run(new ReplayOptions { Trace = TraceData.Trace("own-amd-strict"), DmaLog = TraceData.DmaLog("own-amd-strict") });

        Assert.Equal((142L, 108L, 34L), (result.Counts.Dmas, result.Counts.Matched, result.Counts.Unattributed));
        Assert.Equal((512L, 480L, 32L), (result.Counts.Refused, result.Counts.RefusedAlike, result.Counts.RefusedUnattributed));
        Assert.True(result.Held, string.Join('\n', result.DriverProblems.Kept));
    }
}
