using System.Globalization;
using Emulator.Simulations.Exploration;
using Xunit.Sdk;

namespace Emulator.TestKit;

/// <summary>A seeded run broke an invariant. Its message is the run at its smallest, step by step.</summary>
/// <param name="seed">The seed of the run that was found.</param>
/// <param name="shrunk">The smallest run that breaks the same invariant, with its timeline.</param>
public sealed class BrokenInvariantException(ulong seed, ExploredRun shrunk) : XunitException(Describe(seed, shrunk))
{
    /// <summary>The seed, for <see cref="PlatformTest.Replay"/>.</summary>
    public ulong Seed { get; } = seed;

    /// <summary>The smallest run that breaks the same invariant, with its timeline.</summary>
    public ExploredRun Shrunk { get; } = shrunk;

    private static string Describe(ulong seed, ExploredRun shrunk)
    {
        ArgumentNullException.ThrowIfNull(shrunk);
        var lines = shrunk.Timeline.Select((one, number) => string.Create(CultureInfo.InvariantCulture, $"{number + 1,4}. step {one.Step}: {one.Text}"));
        return string.Join('\n', [$"seed {seed} breaks {shrunk.Broken!.Invariant}: {shrunk.Broken.Detail}", "at its smallest:", .. lines]);
    }
}
