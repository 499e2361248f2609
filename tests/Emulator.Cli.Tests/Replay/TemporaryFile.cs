using System.IO.Compression;
using System.Text;

namespace Emulator.Cli.Tests.Replay;

/// <summary>A file that is deleted at the end of a test.</summary>
public sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(string text)
        : this(Encoding.UTF8.GetBytes(text))
    {
    }

    public TemporaryFile(byte[] content)
    {
        Path = System.IO.Path.GetTempFileName();
        File.WriteAllBytes(Path, content);
    }

    public string Path { get; }

    public static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    public void Dispose() => File.Delete(Path);
}
