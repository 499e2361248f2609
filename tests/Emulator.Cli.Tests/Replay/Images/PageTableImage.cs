using System.Buffers.Binary;
using System.Globalization;
using System.IO.Compression;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Tests.Replay.Images;

/// <summary>The table pages of a machine that was stopped, and what an independent walk of them found.</summary>
public sealed class PageTableImage : IDisposable
{
    /// <summary>Reads an image and the list beside it.</summary>
    /// <param name="name">The file, <c>RUN.pt-TAG.bin.gz</c>: repeated 64-bit address and 4 KiB page.</param>
    public PageTableImage(string name)
    {
        using var pages = new GZipStream(File.OpenRead(TraceData.Path(name)), CompressionMode.Decompress);
        var record = new byte[sizeof(ulong) + PhysicalMemory.FrameSize];
        while (pages.ReadAtLeast(record, record.Length, throwOnEndOfStream: false) is var read && read > 0)
        {
            Assert.Equal(record.Length, read);
            Memory.Write(BinaryPrimitives.ReadUInt64LittleEndian(record), record.AsSpan(sizeof(ulong)));
        }

        using var list = new StreamReader(new GZipStream(File.OpenRead(TraceData.Path(name.Replace(".bin.", ".tsv.", StringComparison.Ordinal))), CompressionMode.Decompress));
        while (list.ReadLine() is { } line)
        {
            if (line.StartsWith("#root=0x", StringComparison.Ordinal))
                Root = ulong.Parse(line["#root=0x".Length..line.IndexOf(' ', StringComparison.Ordinal)], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            else
                Lines.Add(line);
        }

        IsArm = name.Contains("arm64", StringComparison.Ordinal);
    }

    /// <summary>The memory, with the pages of the image in it.</summary>
    public PhysicalMemory Memory { get; } = new();

    /// <summary>Address of the root table (Intel) or of the stream table (Arm).</summary>
    public ulong Root { get; }

    /// <summary>What was found: <c>C</c> lines (entries) and <c>M</c> lines (leaves).</summary>
    public List<string> Lines { get; } = [];

    /// <summary>Whether it is of an SMMUv3; else of a VT-d unit in legacy mode.</summary>
    public bool IsArm { get; }

    public void Dispose() => Memory.Dispose();
}
