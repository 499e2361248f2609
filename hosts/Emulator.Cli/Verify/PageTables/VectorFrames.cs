using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>The allocator that the vectors were recorded with: a cursor; each block goes to the next multiple of its size, the cursor then moves
/// two sizes on; freed blocks are never used again.</summary>
public sealed class VectorFrames : IFrameAllocator
{
    private readonly PhysicalMemory _memory;
    private readonly SortedDictionary<ulong, ulong> _live = [];
    private ulong _cursor;

    /// <summary>Makes the allocator; the first block goes to <paramref name="start"/>.</summary>
    public VectorFrames(PhysicalMemory memory, ulong start) => (_memory, _cursor) = (memory, start);

    /// <summary>Blocks in use, by address: their sizes.</summary>
    public IReadOnlyDictionary<ulong, ulong> Live => _live;

    /// <inheritdoc/>
    public ulong Allocate(ulong bytes)
    {
        var address = (_cursor + bytes - 1) & ~(bytes - 1);
        _cursor = address + (2 * bytes);
        _memory.Clear(address, bytes);
        _live.Add(address, bytes);
        return address;
    }

    /// <inheritdoc/>
    public void Free(ulong address, ulong bytes)
    {
        if (!_live.Remove(address, out var size) || size != bytes)
            throw new InvalidOperationException($"0x{address:x}+0x{bytes:x} was not allocated");
    }
}
