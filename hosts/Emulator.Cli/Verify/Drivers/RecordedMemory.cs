using System.Buffers.Binary;
using System.Text.Json;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>
/// The table memory of a recorded life: the record's stores (<c>mem</c>, run-length coded) are compared with memory at the register access that
/// first saw them, neither earlier nor later, and all live blocks at the end of each step.
/// </summary>
public sealed class RecordedMemory
{
    private readonly PhysicalMemory _memory;
    private readonly RecordedFrames _frames;
    private readonly VectorRun _run;
    private readonly int _width;
    private readonly bool _bigEndian;
    private readonly Dictionary<ulong, ulong> _image = [];
    private readonly List<(int At, ulong Address, ulong Value)> _pending = [];

    /// <summary>Makes an empty image.</summary>
    /// <param name="memory">The memory that driver and silicon share.</param>
    /// <param name="frames">The allocator: its live blocks are compared.</param>
    /// <param name="run">Where disagreements go.</param>
    /// <param name="width">Bytes of a table word, 4 or 8.</param>
    /// <param name="bigEndian">The silicon reads table words as big-endian.</param>
    public RecordedMemory(PhysicalMemory memory, RecordedFrames frames, VectorRun run, int width, bool bigEndian = false) =>
        (_memory, _frames, _run, _width, _bigEndian) = (memory, frames, run, width, bigEndian);

    /// <summary>Takes up the record of a step.</summary>
    public void Begin(JsonElement step)
    {
        // A block that is given out again has lost its content.
        foreach (var page in step.Items("pages").Where(page => page[0].GetString() == "alloc"))
        {
            for (var (address, end) = (page[1].Word(), page[1].Word() + page[2].Word()); address < end; address += (ulong)_width)
                _image.Remove(address);
        }

        foreach (var entry in step.Items("mem"))
        {
            foreach (var (address, value) in Expand(entry, 4))
                _pending.Add(((int)entry[3].Word(), address, value));
        }
    }

    /// <summary>Stores a word that the recording planted without recording the store.</summary>
    public void Plant(ulong address, ulong value)
    {
        _image[address] = value;
        if (_width == 8)
            _memory.Write64(address, _bigEndian ? BinaryPrimitives.ReverseEndianness(value) : value);
        else
            _memory.Write32(address, _bigEndian ? BinaryPrimitives.ReverseEndianness((uint)value) : (uint)value);
    }

    /// <summary>Compares memory as the record's access number <paramref name="operation"/> of this step finds it.</summary>
    public void Advance(int operation)
    {
        for (var i = 0; i < _pending.Count; i++)
        {
            var (at, address, value) = _pending[i];
            if (at > operation)
                continue;
            _image[address] = value;
            _pending.RemoveAt(i--);
        }

        CheckPending(operation);
    }

    /// <summary>Takes up the rest of the step and compares every live block.</summary>
    public void End()
    {
        foreach (var (_, address, value) in _pending)
            _image[address] = value;
        _pending.Clear();
        CheckLive("", _image);
    }

    /// <summary>Compares every live block with the vector's final <c>memory</c>.</summary>
    public void CheckFinal(JsonElement vector)
    {
        var expected = new Dictionary<ulong, ulong>();
        foreach (var entry in vector.Items("memory"))
        {
            foreach (var (address, value) in Expand(entry, 3))
                expected[address] = value;
        }

        CheckLive("final ", expected);
    }

    // A word of which a later change is recorded must not have it yet.
    private void CheckPending(int operation)
    {
        foreach (var address in _pending.Select(store => store.Address).Where(address => !_frames.Awaits(address)))
            CheckWord($"before access {operation} ", address, _image.GetValueOrDefault(address));
    }

    private void CheckLive(string when, Dictionary<ulong, ulong> expected)
    {
        foreach (var (start, bytes) in _frames.Live)
        {
            for (var address = start; address < start + bytes; address += (ulong)_width)
                CheckWord(when, address, expected.GetValueOrDefault(address));
        }
    }

    private void CheckWord(string when, ulong address, ulong expected)
    {
        var actual = (_width, _bigEndian) switch
        {
            (8, false) => _memory.Read64(address),
            (8, true) => _memory.ReadBigEndian64(address),
            (_, false) => _memory.Read32(address),
            _ => _memory.ReadBigEndian32(address),
        };
        if (actual != expected)
            _run.Fail($"{when}[0x{address:x}] 0x{expected:x}", $"{when}[0x{address:x}] 0x{actual:x}");
    }

    // [phys, value, run, ...]; the increment, if any, is the item at index inc.
    private IEnumerable<(ulong Address, ulong Value)> Expand(JsonElement entry, int inc)
    {
        var (address, value, count) = (entry[0].Word(), entry[1].Word(), entry[2].Word());
        var step = entry.GetArrayLength() > inc ? entry[inc].Word() : 0;
        for (var i = 0UL; i < count; i++)
        {
            var word = value + (i * step);
            yield return (address + (i * (ulong)_width), _width == 8 ? word : (uint)word);
        }
    }
}
