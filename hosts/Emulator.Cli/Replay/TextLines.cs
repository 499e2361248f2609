using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace Emulator.Cli.Replay;

/// <summary>The lines of a text file, plain or gzip (told by its first bytes), one at a time: a file of any size costs one buffer.</summary>
/// <remarks>Errors are <see cref="InvalidDataException"/>s whose message is one line and begins with <c>file:line:</c>.</remarks>
public sealed class TextLines : IDisposable
{
    /// <summary>The longest line that is read; a longer one is an error, since no log has such lines.</summary>
    public const int MaxLineLength = 1 << 16;

    private readonly char[] _buffer = new char[2 * MaxLineLength];
    private readonly byte[] _bytes = new byte[MaxLineLength];
    private readonly Stream _stream;
    private readonly uint? _unpackedSize;
    private uint _read;
    private int _start;
    private int _end;
    private bool _ended;

    /// <summary>Opens a file.</summary>
    /// <exception cref="InvalidDataException">There is no such file, or it cannot be opened.</exception>
    public TextLines(string path)
    {
        Path = path;
        try
        {
            var file = File.OpenRead(path);
            if (file.ReadByte() == 0x1f && file.ReadByte() == 0x8b)
                _unpackedSize = ReadUnpackedSize(file);
            file.Position = 0;
            _stream = _unpackedSize == null ? file : new GZipStream(file, CompressionMode.Decompress);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidDataException(e is FileNotFoundException or DirectoryNotFoundException ? $"{path}: no such file" : $"{path}: cannot be read", e);
        }
    }

    /// <summary>The file as it was named.</summary>
    public string Path { get; }

    /// <summary>Number of the last line that was read, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>Reads the next line, without its end.</summary>
    /// <param name="line">The line; valid until the next call.</param>
    /// <returns>False at the end of the file.</returns>
    /// <exception cref="InvalidDataException">The compressed data is damaged or cut off, or a line is too long.</exception>
    public bool TryRead(out ReadOnlySpan<char> line)
    {
        var searched = _start;
        while (true)
        {
            var length = _buffer.AsSpan(searched, _end - searched).IndexOf('\n');
            if (length >= 0)
            {
                line = Trim(_buffer.AsSpan(_start, searched + length - _start));
                _start = searched + length + 1;
                Number++;
                return true;
            }

            if (_ended)
            {
                line = Trim(_buffer.AsSpan(_start, _end - _start));
                Number += line.IsEmpty ? 0 : 1;
                _start = _end;
                return !line.IsEmpty;
            }

            searched = _end - _start;
            Fill();
        }
    }

    /// <summary>The error that the last line read is wrong.</summary>
    public InvalidDataException Wrong(string reason) => new($"{Path}:{Number}: {reason}");

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private static ReadOnlySpan<char> Trim(ReadOnlySpan<char> line) => line.TrimEnd('\r');

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        if (_end > MaxLineLength)
            throw new InvalidDataException($"{Path}:{Number + 1}: longer than {MaxLineLength} characters: not a line of a text log");
        var space = Math.Min(_bytes.Length, _buffer.Length - _end);
        try
        {
            var read = _stream.Read(_bytes, 0, space);
            _end += Encoding.Latin1.GetChars(_bytes.AsSpan(0, read), _buffer.AsSpan(_end));
            _read += (uint)read;
            _ended = read == 0;
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new InvalidDataException($"{Path}:{Number + 1}: the compressed data is damaged", e);
        }

        // The decompressor takes the end of a file that was cut off for the end of its data.
        if (_ended && _unpackedSize is { } size && size != _read)
            throw new InvalidDataException($"{Path}:{Number + 1}: the compressed data is cut off, or more than one gzip file in one");
    }

    // RFC 1952: a gzip file ends with its unpacked size modulo 2^32.
    private static uint ReadUnpackedSize(FileStream file)
    {
        Span<byte> trailer = stackalloc byte[sizeof(uint)];
        file.Position = Math.Max(0, file.Length - trailer.Length);
        return file.ReadAtLeast(trailer, trailer.Length, throwOnEndOfStream: false) == trailer.Length ? BinaryPrimitives.ReadUInt32LittleEndian(trailer) : 0;
    }
}
