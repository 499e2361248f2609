using Emulator.Cli.Replay.Loads;
using Emulator.Hardware.Dma;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Replay.Loads;

/// <summary>The DMA API's calls of recorded runs, played on emulated hosts: maps, unmaps and invalidations are as many as recorded, and every address is the recorded
/// one.</summary>
public class RecordedLoadTests
{
    public static TheoryData<string> Runs =>
    [
        "boot", "nvme-randrw-strict", "nvme-randrw-lazy", "net-e1000e-strict", "mixed-strict", "nvme-arm64-strict", "own-strict", "own-arm64-strict",
        "rebind-vfio", "rebind-arm64",
    ];

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
        Assert.True(result.CountsAreEqual);
        Assert.Equal((0L, 0L, 0L), (result.FailedMaps, calls.UnmatchedUnmaps, calls.GuessedDomains));
    }

    [Theory]
    [InlineData("nvme-randrw-strict", 19_036, 14_755, 14_755, 0)]
    [InlineData("nvme-randrw-lazy", 27_035, 14_755, 0, 307)]
    [InlineData("net-e1000e-strict", 19_202, 18_939, 18_939, 0)]
    [InlineData("mixed-strict", 7_240, 3_431, 3_431, 0)]
    [InlineData("nvme-arm64-strict", 17_991, 11_168, 11_168, 0)]
    public void What_is_recorded_is_what_the_lines_of_the_trace_count(string run, long maps, long unmaps, long syncs, long flushes)
    {
        var expected = new RecordedCounts { IommuMaps = maps, IommuUnmaps = unmaps, Syncs = syncs, Flushes = flushes };
        Assert.Equal(expected, RecordedDmaCalls.Read(TraceData.Trace(run)).Recorded);
    }

    [Fact]
    public void What_kprobes_miss_is_recovered()
    {
        var strict = RecordedDmaCalls.Read(TraceData.Trace("nvme-randrw-strict"));
        Assert.Equal((504L, 0L, 9L, 0L), (strict.RecoveredUnmaps, strict.RecoveredFlushes, strict.MapsAfterInterrupt, strict.ReclaimsByOwner));
        Assert.Equal(504, strict.Calls.Count(call => call.Recovered));
        var lazy = RecordedDmaCalls.Read(TraceData.Trace("nvme-randrw-lazy"));
        Assert.Equal((412L, 17L, 2L, 1L), (lazy.RecoveredUnmaps, lazy.RecoveredFlushes, lazy.MapsAfterInterrupt, lazy.ReclaimsByOwner));
    }

    [Fact]
    public void A_strict_load_can_be_played_lazily_and_has_an_exposure_of_at_most_four_ticks()
    {
        using var load = new RecordedLoad(RecordedDmaCalls.Read(TraceData.Trace("net-e1000e-strict")), new RecordedLoadOptions { Mode = DmaMode.Lazy });
        var result = load.Play();
        Assert.Equal((19_202L, 18_939L, 0L, 447L), (result.Played.IommuMaps, result.Played.IommuUnmaps, result.Played.Syncs, result.Played.Flushes));
        Assert.InRange(result.LongestExposurePs, 12_000_000_000, 16_000_000_000);
        Assert.Equal((255, 0L), (result.QueueHighWater, result.FailedMaps));
    }

    [Fact]
    public void A_lazy_load_can_be_played_strictly_and_without_translation()
    {
        var calls = RecordedDmaCalls.Read(TraceData.Trace("nvme-randrw-lazy"));
        using var strict = new RecordedLoad(calls, new RecordedLoadOptions { Mode = DmaMode.Strict });
        Assert.Equal(new RecordedCounts { IommuMaps = 27_035, IommuUnmaps = 14_755, Syncs = 14_755 }, strict.Play().Played);
        using var direct = new RecordedLoad(calls, new RecordedLoadOptions { Mode = DmaMode.PassThrough });
        var result = direct.Play();
        Assert.Equal(new RecordedCounts(), result.Played);
        Assert.Equal((14_766L, 0L, 176_457_077UL), (result.Maps, result.FailedMaps, result.Bytes));
    }

    [Fact]
    public void By_our_timer_a_lazy_load_flushes_about_as_often_as_recorded()
    {
        using var load = new RecordedLoad(RecordedDmaCalls.Read(TraceData.Trace("nvme-randrw-lazy")), new RecordedLoadOptions { FlushesAsRecorded = false });
        var result = load.Play();
        Assert.Equal((27_035L, 14_755L, 335L), (result.Played.IommuMaps, result.Played.IommuUnmaps, result.Played.Flushes));
        Assert.Equal(16_000_000_000, result.LongestExposurePs);
    }

    [Theory]
    [InlineData("arm-smmu-v3")]
    [InlineData("amd")]
    public void A_load_can_be_played_on_another_IOMMU(string iommu)
    {
        using var load = new RecordedLoad(RecordedDmaCalls.Read(TraceData.Trace("boot")), new RecordedLoadOptions { Iommu = iommu, Kernel = KernelVersion.Linux612 });
        var result = load.Play();
        Assert.Equal(result.Recorded, result.Played);
        Assert.Equal(107, result.Maps);
    }

    [Fact]
    public void While_a_load_is_played_its_devices_reach_what_is_mapped()
    {
        using var load = new RecordedLoad(RecordedDmaCalls.Read(TraceData.Trace("boot")));
        var (completions, sent) = (new DmaCompletion[1], 0);
        while (load.PlayNext() is { } call)
        {
            if (call.Kind != RecordedCallKind.MapPage)
                continue;
            var address = load.Translate(call.Domain, call.Iova)!.Value + call.Offset;
            var access = call.Direction == DmaDirection.ToDevice ? DmaAccess.Read : DmaAccess.Write;
            load.Platform.Bus.Units[0].Translate([new DmaRequest(load.Device(call.Domain).Stream, new Iova(address), access, 1)], completions);
            Assert.Equal((DmaStatus.Completed, call.Memory[0].Physical + call.Offset), (completions[0].Status, completions[0].Address.Value));
            sent++;
        }

        Assert.Equal(57, sent);
        Assert.Equal(181, load.Position);
        Assert.Null(load.Translate(0, 0x1000));
    }

    [Fact]
    public void An_IOMMU_that_is_not_in_the_catalogue_is_refused() =>
        Assert.Throws<InvalidDataException>(() => new RecordedLoad(RecordedDmaCalls.Read(TraceData.Trace("boot")), new RecordedLoadOptions { Iommu = "nonsense" }));
}
