using System.IO.Compression;

namespace Emulator.Cli.Tests.Replay;

/// <summary>Recorded files with lines changed: the controls that show that a check can fail.</summary>
public static class LogEditing
{
    /// <summary>Copies a gzip file line by line; lines for which <paramref name="edit"/> gives null are left out.</summary>
    public static TemporaryFile Edit(string path, Func<string, string?> edit)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        using var text = new StringWriter { NewLine = "\n" };
        while (reader.ReadLine() is { } line)
        {
            if (edit(line) is { } kept)
                text.WriteLine(kept);
        }

        return new TemporaryFile(TemporaryFile.Gzip(text.ToString()));
    }
}
