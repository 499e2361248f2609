using Emulator.Cli.Replay.Loads;

namespace Emulator.Cli.Tests.Replay.Loads;

/// <summary>More lines are missing than in any recorded run: counts and addresses are still those of the recording.</summary>
public class MissingLinesTests
{
    private static readonly string[] OtherSystems = ["dma_map_page_r:", ": nvme_", ": block_", ": net"];
    private static readonly string[] KprobesOfUnmap = [": dma_unmap_", ": unmap: (", ": sync: ", ": cmdq: "];

    [Theory]
    [InlineData("nvme-randrw-strict", 1_700)]
    [InlineData("nvme-randrw-lazy", 1_600)]
    [InlineData("net-e1000e-strict", 1_800)]
    [InlineData("nvme-arm64-strict", 1_000)]
    public void Kprobes_of_a_tenth_of_the_unmaps_and_all_events_of_other_systems(string run, long recovered)
    {
        var (calls, dropping) = (0, new HashSet<string>(StringComparer.Ordinal));
        var thinned = Play(run, line =>
        {
            if (Has(line, OtherSystems))
                return null;

            // What follows an unmapping call on its CPU is its own, up to the next call.
            if (Has(line, ": dma_"))
                Set(dropping, Cpu(line), Has(line, ": dma_unmap_") && ++calls % 10 == 0);
            return dropping.Contains(Cpu(line)) && Has(line, KprobesOfUnmap) ? null : line;
        });
        Assert.InRange(thinned.RecoveredUnmaps, recovered, 2 * recovered);
    }

    [Fact]
    public void Kprobes_of_every_third_flush()
    {
        var (flushes, dropping) = (0, new HashSet<string>(StringComparer.Ordinal));
        var thinned = Play("nvme-randrw-lazy", line =>
        {
            if (Has(line, ": fq_flush: "))
                Set(dropping, Cpu(line), ++flushes % 3 == 0);
            return dropping.Contains(Cpu(line)) && Has(line, ": fq_flush: ", ": flushall: ") ? null : line;
        });
        Assert.InRange(thinned.RecoveredFlushes, 90, 130);
    }

    private static RecordedDmaCalls Play(string run, Func<string, string?> edit)
    {
        using var file = LogEditing.Edit(TraceData.Trace(run), edit);
        var calls = RecordedDmaCalls.Read(file.Path);
        using var load = new RecordedLoad(calls);
        var result = load.Play();
        Assert.Equal(RecordedDmaCalls.Read(TraceData.Trace(run)).Recorded, calls.Recorded);
        Assert.Equal(calls.Recorded, result.Played);
        Assert.Null(result.FirstDifference);
        return calls;
    }

    private static bool Has(string line, params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (line.Contains(word, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

    private static string Cpu(string line) => line.IndexOf(" [", StringComparison.Ordinal) is var at and >= 0 ? line.Substring(at, 6) : "";

    private static void Set(HashSet<string> set, string value, bool isIn)
    {
        if (isIn)
            set.Add(value);
        else
            set.Remove(value);
    }
}
