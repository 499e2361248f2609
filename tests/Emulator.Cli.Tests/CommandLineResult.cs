using System.Text.Json;

namespace Emulator.Cli.Tests;

/// <summary>What a command left behind.</summary>
internal sealed record CommandLineResult(int ExitCode, string Output, string Error)
{
    /// <summary>The one document on standard output; throws when there is anything else.</summary>
    public JsonElement Document
    {
        get
        {
            using var document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }

    /// <summary>Asserts the answer to bad input: exit code 2, one line on standard error with the given words, nothing on standard output.</summary>
    public void AssertRefused(params string[] words)
    {
        Assert.Equal(Cli.ExitCode.BadInput, ExitCode);
        Assert.Equal("", Output);
        Assert.EndsWith(Environment.NewLine, Error, StringComparison.Ordinal);
        Assert.Single(Error.TrimEnd().Split('\n'));
        foreach (var word in words)
            Assert.Contains(word, Error, StringComparison.Ordinal);
    }
}
