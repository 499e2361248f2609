namespace Emulator.Cli.Tests.Explore;

/// <summary>The experiments that come with the program do what their names say.</summary>
public sealed class ExperimentFileTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder(), "*.yaml").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public async Task A_sound_experiment_holds_and_a_legacy_one_finds_its_window(string file)
    {
        var result = await CommandLine.RunAsync("explore", Path.Combine(Folder(), file), "--seeds", "20", "--json");
        Assert.Equal(file.StartsWith("sound-", StringComparison.Ordinal) ? ExitCode.Held : ExitCode.CheckFailed, result.ExitCode);
        Assert.Equal(Path.GetFileNameWithoutExtension(file), result.Document.GetProperty("experiment").GetString());
        Assert.Equal(20, result.Document.GetProperty("seeds").GetInt32());
    }

    private static string Folder() => Repository.Path("scenarios", "explore");
}
