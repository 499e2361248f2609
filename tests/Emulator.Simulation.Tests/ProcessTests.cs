using System.Diagnostics;

namespace Emulator.Simulations.Tests;

public sealed class ProcessTests
{
    [Theory]
    [InlineData("host", 1)]
    [InlineData("fan", 1)]
    // Without the order within a step each process goes its own way: what the other cases show is not for nothing.
    [InlineData("fan-unordered", 3)]
    public async Task Every_process_makes_the_same_runs(string kind, int different)
    {
        var hashes = await Task.WhenAll(HashesOfAnotherProcessAsync(kind), HashesOfAnotherProcessAsync(kind));
        Assert.All(hashes, line => Assert.Matches("^([0-9a-f]{16} ?){3}$", line));
        Assert.Equal(different, hashes.Append(Program.Hashes(kind)).Distinct(StringComparer.Ordinal).Count());
    }

    private static async Task<string> HashesOfAnotherProcessAsync(string kind)
    {
        using var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["exec", typeof(Program).Assembly.Location, kind]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var hashes = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return hashes.Trim();
    }
}
