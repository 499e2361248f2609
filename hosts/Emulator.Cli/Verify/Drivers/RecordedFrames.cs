using System.Text.Json;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>
/// The allocator of a recorded life: gives out the addresses that the step's <c>pages</c> name, in order, and expects the frees that it names.
/// What a step asks for beyond its record is a disagreement and gets an address far above all recorded ones.
/// </summary>
public sealed class RecordedFrames : IFrameAllocator
{
    private const ulong Unrecorded = 1UL << 50;

    private readonly PhysicalMemory _memory;
    private readonly VectorRun _run;
    private readonly Queue<(ulong Address, ulong Bytes)> _allocations = new();
    private readonly List<(ulong Address, ulong Bytes)> _frees = [];
    private readonly SortedDictionary<ulong, ulong> _live = [];
    private ulong _next = Unrecorded;

    /// <summary>Makes the allocator.</summary>
    public RecordedFrames(PhysicalMemory memory, VectorRun run) => (_memory, _run) = (memory, run);

    /// <summary>Blocks in use, by address: their sizes.</summary>
    public IReadOnlyDictionary<ulong, ulong> Live => _live;

    /// <summary>Takes up the record of a step.</summary>
    public void Begin(JsonElement step)
    {
        foreach (var page in step.Items("pages"))
        {
            if (page[0].GetString() == "alloc")
                _allocations.Enqueue((page[1].Word(), page[2].Word()));
            else
                _frees.Add((page[1].Word(), page[2].Word()));
        }
    }

    /// <summary>Reports what the record names and the step did not do.</summary>
    public void End()
    {
        while (_allocations.TryDequeue(out var block))
            _run.Fail($"alloc 0x{block.Address:x}+0x{block.Bytes:x}", "no allocation");
        foreach (var (address, bytes) in _frees)
            _run.Fail($"free 0x{address:x}+0x{bytes:x}", "not freed");
        _frees.Clear();
    }

    /// <summary>Whether the step has yet to be given the block that an address lies in: its content is not the block's.</summary>
    public bool Awaits(ulong address)
    {
        foreach (var (start, bytes) in _allocations)
        {
            if (address - start < bytes)
                return true;
        }

        return false;
    }

    /// <summary>Adds a block that was there before the first step.</summary>
    public void Preset(ulong address, ulong bytes) => _live.Add(address, bytes);

    /// <inheritdoc/>
    public ulong Allocate(ulong bytes)
    {
        if (_allocations.TryDequeue(out var block))
        {
            _run.Check("alloc", block.Bytes, bytes);
        }
        else
        {
            _run.Fail("no allocation", $"alloc 0x{bytes:x}");
            block = (_next, bytes);
            _next += (bytes * 2) + PhysicalMemory.FrameSize;
        }

        _memory.Clear(block.Address, block.Bytes);
        _live[block.Address] = block.Bytes;
        return block.Address;
    }

    /// <inheritdoc/>
    public void Free(ulong address, ulong bytes)
    {
        // A page may be given out and freed more than once in a step.
        var recorded = _frees.FindIndex(block => block.Address == address);
        if (recorded >= 0)
            _frees.RemoveAt(recorded);
        else
            _run.Fail($"0x{address:x} kept", $"free 0x{address:x}+0x{bytes:x}");
        if (!_live.Remove(address))
            _run.Fail($"0x{address:x} in use when freed", "free already");
    }
}
