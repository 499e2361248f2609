using Akka.Configuration;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Simulations.Exploration;
using Xunit.Abstractions;

namespace Emulator.TestKit;

/// <summary>A suite of tests on emulated platforms: an Akka TestKit whose actor system holds them, and the runs of experiments seed by seed.</summary>
/// <param name="configuration">What the suite's own actors need; goes before the emulator's. Null for nothing.</param>
/// <param name="output">Where the actor system's log goes; null for nowhere.</param>
public abstract class PlatformTest(Config? configuration = null, ITestOutputHelper? output = null)
    : Akka.TestKit.Xunit2.TestKit(Configuration(configuration), null, output)
{
    private static int s_platforms;

    /// <summary>How long the kit waits for an answer or a probe's message before it fails the test: 20 seconds, dilated as <c>akka.test.timefactor</c> says.</summary>
    public TimeSpan Patience => Dilated(TimeSpan.FromSeconds(20));

    /// <summary>Starts a platform and waits until it stands: IOMMU probed, domains mapped, each group attached to its first tenant.</summary>
    /// <param name="build">What it is; null for the defaults of <see cref="PlatformBuilder"/>.</param>
    /// <exception cref="ArgumentException">It is outside its limits.</exception>
    /// <exception cref="InvalidOperationException">It can't be brought up; the message says why.</exception>
    protected Task<TestPlatform> Platform(Func<PlatformBuilder, PlatformBuilder>? build = null)
    {
        var builder = new PlatformBuilder($"platform-{Interlocked.Increment(ref s_platforms)}");
        builder = build?.Invoke(builder) ?? builder;
        return Platform(builder.Specification, builder.TenantNames);
    }

    /// <summary>Starts a platform and waits until it stands.</summary>
    /// <param name="specification">What it is; its name is unique in the test.</param>
    /// <param name="tenants">The tenants' names, in their order; those without one are called by letters.</param>
    /// <exception cref="ArgumentException">It is outside its limits.</exception>
    /// <exception cref="InvalidOperationException">It can't be brought up; the message says why.</exception>
    protected async Task<TestPlatform> Platform(HostSpecification specification, params IReadOnlyList<string> tenants)
    {
        var host = EmulatedHost.Create(specification);
        Sys.RegisterOnTermination(host.Dispose);
        var client = EmulatorHostingExtensions.Start(Sys, host, 0, new EmulatorOptions { PinnedTranslationActors = 0, AskTimeout = Patience });
        await client.WaitUntilStartedAsync();
        return new TestPlatform(this, host, client, tenants);
    }

    /// <summary>An experiment on a platform, for <see cref="Explore(Experiment, int, ulong)"/>; <c>with</c> changes its steps, rates and faults.</summary>
    /// <param name="build">The platform. Its devices send small batches unless it says otherwise.</param>
    protected static Experiment ExperimentOn(Func<PlatformBuilder, PlatformBuilder> build)
    {
        ArgumentNullException.ThrowIfNull(build);
        return new Experiment { Host = build(PlatformBuilder.ForSeededRuns()).Specification };
    }

    /// <summary>Makes the runs of many seeds, and fails with the first that breaks an invariant: its seed, and what happens at its smallest, step by step.</summary>
    /// <param name="experiment">What is done, and to which platform.</param>
    /// <param name="seeds">How many seeds, at least 1.</param>
    /// <param name="firstSeed">The first one; the others follow.</param>
    /// <exception cref="BrokenInvariantException">A run breaks an invariant.</exception>
    protected static void Explore(Experiment experiment, int seeds = 100, ulong firstSeed = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(seeds, 1);
        using var explorer = new Explorer(experiment);
        for (var number = 0; number < seeds; number++)
        {
            var run = explorer.Run(firstSeed + (ulong)number);
            if (run.Broken != null)
                throw new BrokenInvariantException(run.Seed, explorer.Shrink(run));
        }
    }

    /// <summary>Makes the runs of many seeds of an experiment that is nothing but a platform.</summary>
    /// <inheritdoc cref="Explore(Experiment, int, ulong)"/>
    protected static void Explore(Func<PlatformBuilder, PlatformBuilder> build, int seeds = 100, ulong firstSeed = 0) => Explore(ExperimentOn(build), seeds, firstSeed);

    /// <summary>Makes the run of one seed again, with its timeline.</summary>
    /// <param name="experiment">The experiment that the seed was found in.</param>
    /// <param name="seed">The seed.</param>
    protected static ExploredRun Replay(Experiment experiment, ulong seed)
    {
        using var explorer = new Explorer(experiment);
        return explorer.Run(seed, withTimeline: true);
    }

    private static Config Configuration(Config? own)
    {
        var emulator = ConfigurationFactory.ParseString("akka.loglevel = ERROR").WithFallback(EmulatorHostingExtensions.Configuration());
        return own == null ? emulator : own.WithFallback(emulator);
    }
}
