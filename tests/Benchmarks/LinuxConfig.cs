using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;

namespace Emulator.Benchmarks;

/// <summary>Many short iterations of one invocation each, the best of which is compared with the kernel's code.</summary>
public sealed class LinuxConfig : ManualConfig
{
    /// <summary>Makes the configuration.</summary>
    public LinuxConfig()
    {
        AddColumn(StatisticColumn.Min, new LinuxColumn(ratio: false), new LinuxColumn(ratio: true));
        AddJob(Job.Default.WithInvocationCount(1).WithUnrollFactor(1).WithWarmupCount(5).WithIterationCount(20).AsMutator());
    }
}
