using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// Short jobs in this process by default: one table in about a minute. "--bdn" leaves everything to BenchmarkDotNet's own options.
var full = args.Contains("--bdn", StringComparer.Ordinal);
var config = ManualConfig.Create(DefaultConfig.Instance).WithOptions(ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);
if (!full)
    config.AddJob(Job.ShortRun.WithToolchain(new InProcessEmitToolchain(TimeSpan.FromMinutes(10), logOutput: false)));
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(full ? [.. args.Where(a => a != "--bdn")] : args.Contains("--filter", StringComparer.Ordinal) ? args : ["--filter", "*", .. args], config);
return summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success)) ? 0 : 1;
