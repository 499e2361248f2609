using BenchmarkDotNet.Running;

namespace Emulator.Benchmarks;

/// <summary>What the kernel's own code takes for an operation, in nanoseconds: recorded beforehand, one thread, the unmodified format code of Linux 6.12 and 6.1 built
/// with gcc 12.2 -O2, called through its ops table, on an AMD EPYC virtual machine (2 processors). The best of both kernels' best of seven processes: a lower
/// bound.</summary>
/// <param name="Map">Mapping a page.</param>
/// <param name="Unmap">Unmapping it, with the flush call-back.</param>
/// <param name="Big">A call for a block, or 2 MiB of pages.</param>
/// <param name="Many">A page of 64 in a call.</param>
/// <param name="Walk16">iova_to_phys within 16 MiB.</param>
/// <param name="Walk1024">The same within 1 GiB.</param>
/// <param name="Chained16">Within 16 MiB, each look-up needing the last one's result.</param>
/// <param name="Chained1024">The same within 1 GiB.</param>
public sealed record LinuxFigures(double Map, double Unmap, double Big, double Many, double Walk16, double Walk1024, double Chained16, double Chained1024)
{
    /// <summary>The figure for a benchmark; null where there is none.</summary>
    public static double? Of(BenchmarkCase benchmark)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        if (benchmark.Parameters.Items.FirstOrDefault(item => item.Value is PageTableFormat)?.Value is not PageTableFormat { Linux: var linux })
            return null;
        var small = benchmark.Parameters.Items.Any(item => item is { Name: nameof(PageTableWalkBenchmarks.MiB), Value: 16 });
        return benchmark.Descriptor.WorkloadMethod.Name switch
        {
            nameof(PageTableBenchmarks.MapPage) => linux.Map,
            nameof(PageTableBenchmarks.UnmapPage) => linux.Unmap,
            nameof(PageTableBenchmarks.MapBig) => linux.Big,
            nameof(PageTableBenchmarks.MapMany) or nameof(PageTableBenchmarks.MapRange) => linux.Many,
            nameof(PageTableWalkBenchmarks.Walk) => small ? linux.Walk16 : linux.Walk1024,
            nameof(PageTableWalkBenchmarks.ChainedWalk) => small ? linux.Chained16 : linux.Chained1024,
            _ => null,
        };
    }
}
