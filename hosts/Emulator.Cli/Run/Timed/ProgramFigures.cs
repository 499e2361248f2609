using Emulator.Actors.Timing;
using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;

namespace Emulator.Cli.Run.Timed;

/// <summary>What a device's program did, or all programs of a host, and what mapping memory cost it; in virtual time.</summary>
/// <param name="Kind">The kind of program, as in scenario files.</param>
/// <param name="Operation">What one operation is: a packet, an I/O.</param>
/// <param name="Dma">How the DMA API undoes mappings: <c>strict</c>, <c>lazy</c> or <c>passthrough</c>.</param>
/// <param name="Operations">Operations done.</param>
/// <param name="OperationsPerSecond">Operations per second, until the last one was done.</param>
/// <param name="Bytes">Their payload.</param>
/// <param name="BytesPerSecond">Their payload per second, until the last one was done.</param>
/// <param name="Dropped">Operations that came to nothing.</param>
/// <param name="Latency">How long operations took.</param>
/// <param name="Maps">Ranges mapped in the table.</param>
/// <param name="Unmaps">Ranges unmapped in the table.</param>
/// <param name="Syncs">Invalidations that an unmap waited for.</param>
/// <param name="Flushes">Invalidations of the whole domain by the flush queue.</param>
/// <param name="MapNanoseconds">The sum of the times of all map calls.</param>
/// <param name="UnmapNanoseconds">The sum of the times of all unmap calls, invalidations left out.</param>
/// <param name="InvalidationNanoseconds">The sum of the times of all invalidations, waits for the queue included.</param>
/// <param name="Exposed">Unmapped ranges that the device could reach until a flush.</param>
/// <param name="LongestExposureNanoseconds">The longest time that one could be reached.</param>
/// <param name="MeanExposureNanoseconds">The mean of these times; what the end of the run left unflushed counts as none.</param>
/// <param name="MostExposedDmas">The most DMAs that a device sent from an unmap until the flush that covers it.</param>
/// <param name="ExposedDmas">DMAs sent while something unmapped could be reached.</param>
public sealed record ProgramFigures(
    string Kind,
    string Operation,
    string Dma,
    long Operations,
    double OperationsPerSecond,
    long Bytes,
    double BytesPerSecond,
    long Dropped,
    LatencyFigures Latency,
    long Maps,
    long Unmaps,
    long Syncs,
    long Flushes,
    double MapNanoseconds,
    double UnmapNanoseconds,
    double InvalidationNanoseconds,
    long Exposed,
    double LongestExposureNanoseconds,
    double MeanExposureNanoseconds,
    long MostExposedDmas,
    long ExposedDmas)
{
    /// <summary>What the recorded kernel did, for all devices of the recording; null for what was not recorded.</summary>
    public ReplayCounts? Recorded { get; init; }

    /// <summary>Whether maps, unmaps and invalidations are as many as recorded, for each time that the recording was played; null for what was not recorded. True only of a load that is played once
    /// in the DMA mode of its recording, by as many devices or a multiple.</summary>
    public bool? IsAsRecorded { get; init; }

    /// <summary>Those of programs of one kind in one DMA mode; null of none.</summary>
    public static ProgramFigures? Of(IReadOnlyCollection<ProgramReport> programs)
    {
        ArgumentNullException.ThrowIfNull(programs);
        if (programs.Count == 0)
            return null;
        var (first, elapsed) = (programs.First(), programs.Max(program => program.Elapsed));
        var (operations, bytes, exposed) = (Sum(program => program.Operations), Sum(program => program.Bytes), Sum(program => program.Exposed));
        return new ProgramFigures(
            first.Kind,
            first.Operation,
            NameOf(first.Mode),
            operations,
            VirtualFigures.PerSecond(operations, elapsed),
            bytes,
            VirtualFigures.PerSecond(bytes, elapsed),
            Sum(program => program.Dropped),
            LatencyFigures.Of(LatencyFigures.Merge(programs.Select(program => program.Latencies))),
            Sum(program => program.Maps),
            Sum(program => program.Unmaps),
            Sum(program => program.Syncs),
            Sum(program => program.Flushes),
            VirtualFigures.Nanoseconds(Sum(program => program.MapTime)),
            VirtualFigures.Nanoseconds(Sum(program => program.UnmapTime)),
            VirtualFigures.Nanoseconds(Sum(program => program.InvalidationTime)),
            exposed,
            VirtualFigures.Nanoseconds(programs.Max(program => program.LongestExposure)),
            exposed == 0 ? 0 : Math.Round(VirtualFigures.Nanoseconds(Sum(program => program.TotalExposure)) / exposed, 3),
            programs.Max(program => program.MostExposedDmas),
            Sum(program => program.ExposedDmas))
        {
            Recorded = first.Recorded,
            IsAsRecorded = first.Recorded is { } recorded ? IsMultiple(recorded) : null,
        };

        bool IsMultiple(ReplayCounts recorded)
        {
            var times = recorded.Maps == 0 ? 1 : Math.Max(1, Sum(program => program.Maps) / recorded.Maps);
            return new ReplayCounts(recorded.Maps * times, recorded.Unmaps * times, recorded.Syncs * times, recorded.Flushes * times)
                == new ReplayCounts(Sum(program => program.Maps), Sum(program => program.Unmaps), Sum(program => program.Syncs), Sum(program => program.Flushes));
        }

        long Sum(Func<ProgramReport, long> figure) => programs.Sum(figure);
    }

    /// <summary>A time of all operations as one operation's, in nanoseconds.</summary>
    public double PerOperation(double nanoseconds) => Operations == 0 ? 0 : Math.Round(nanoseconds / Operations, 3);

    /// <summary>A DMA mode, as in scenario files.</summary>
    public static string NameOf(DmaMode mode) => mode switch
    {
        DmaMode.Strict => "strict",
        DmaMode.Lazy => "lazy",
        _ => "passthrough",
    };
}
