using Emulator.Cli.Replay.Loads;

namespace Emulator.Cli.Tests.Replay.Loads;

/// <summary>The DMA API's calls of recorded runs, played on emulated hosts: maps, unmaps and invalidations are as many as recorded, and every address is the recorded one.</summary>
public class RecordedLoadTests
{
    public static TheoryData<string> Runs => ["boot", "nvme-randrw-strict", "nvme-randrw-lazy", "net-e1000e-strict", "mixed-strict", "nvme-arm64-strict", "own-strict"];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Played_as_recorded_counts_and_addresses_are_those_recorded(string run)
    {
        var calls = RecordedDmaCalls.Read(TraceData.Trace(run));
        using var load = new RecordedLoad(calls);
        var result = load.Play();
        Assert.Null(result.FirstDifference);
        Assert.Equal(result.Maps, result.EqualAddresses);
        Assert.Equal(result.Recorded, result.Played);
        Assert.Equal(0, result.FailedMaps);
        Assert.Equal(0, calls.UnmatchedUnmaps);
    }
}
