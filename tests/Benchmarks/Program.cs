using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Emulator.Benchmarks;

// Short jobs in this process by default: one table in about a quarter of an hour. "--bdn" leaves the jobs to BenchmarkDotNet. Its other options
// work in both, such as --filter '*Actor*'.
var full = args.Contains("--bdn", StringComparer.Ordinal);
string[] options = [.. args.Where(argument => argument != "--bdn")];
if (!options.Contains("--filter", StringComparer.Ordinal))
    options = ["--filter", "*", .. options];
var config = ManualConfig.Create(DefaultConfig.Instance).WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile)
    .AddColumn(DmaRateColumn.Rate, DmaRateColumn.Allocated).AddLogicalGroupRules(BenchmarkLogicalGroupRule.ByCategory, BenchmarkLogicalGroupRule.ByParams);
if (!full)
    config.AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(10), logOutput: false)));
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(options, config);
return summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
