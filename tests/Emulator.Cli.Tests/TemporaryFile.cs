using System.IO.Compression;
using System.Text;

namespace Emulator.Cli.Tests;

/// <summary>A file that goes away with the test.</summary>
internal sealed class TemporaryFile : IDisposable
{
    public TemporaryFile(string extension, ReadOnlySpan<byte> content)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"emulator-{Guid.NewGuid():n}{extension}");
        File.WriteAllBytes(Path, content);
    }

    public TemporaryFile(string extension, string content)
        : this(extension, Encoding.UTF8.GetBytes(content))
    {
    }

    public string Path { get; }

    public static byte[] Gzip(string content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionMode.Compress))
            gzip.Write(Encoding.UTF8.GetBytes(content));
        return packed.ToArray();
    }

    public void Dispose() => File.Delete(Path);
}
