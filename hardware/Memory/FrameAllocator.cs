using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Memory;

/// <summary>
/// The host's allocator over one range of RAM. Freed blocks of a size are handed out again, last freed first, so a walk through a table that
/// was freed too early finds somebody else's data - as on a real host.
/// </summary>
/// <remarks>Blocks below a frame share frames with blocks of the same size. Members may be used by several threads at once.</remarks>
public sealed class FrameAllocator : IFrameAllocator
{
    private readonly PhysicalMemory _memory;
    private readonly OwnerTag _owner;
    private readonly Dictionary<ulong, Stack<ulong>> _free = [];
    private readonly Lock _lock = new();
    private readonly ulong _end;
    private ulong _next;
    private long _freed;

    /// <summary>Makes an allocator over a range.</summary>
    /// <param name="memory">The memory that holds the range.</param>
    /// <param name="start">First byte; a multiple of the frame size.</param>
    /// <param name="length">Bytes to give out; at least one frame.</param>
    /// <param name="owner">The owner tag that allocated frames get; freed frames go back to <see cref="OwnerTag.None"/>.</param>
    public FrameAllocator(PhysicalMemory memory, ulong start, ulong length, OwnerTag owner)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (length < PhysicalMemory.FrameSize || (start & (PhysicalMemory.FrameSize - 1)) != 0 || !memory.IsRam(start, length))
            throw new ArgumentException($"0x{start:x}+0x{length:x} is not a frame-aligned range of RAM", nameof(start));
        (_memory, Start, _next, _end, _owner) = (memory, start, start, start + length, owner);
    }

    /// <inheritdoc/>
    public ulong Start { get; }

    /// <inheritdoc/>
    public ulong End => Volatile.Read(ref _next);

    /// <inheritdoc/>
    public long Freed => Interlocked.Read(ref _freed);

    /// <inheritdoc/>
    public ulong Allocate(ulong bytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes);
        var size = BitOperations.RoundUpToPowerOf2(bytes);
        lock (_lock)
        {
            if (!_free.TryGetValue(size, out var stack) || !stack.TryPop(out var address))
            {
                address = (_next + size - 1) & ~(size - 1);
                if (address + size > _end || address < _next)
                    throw new DriverException(Errno.ENOMEM, $"no block of 0x{size:x} bytes is left below 0x{_end:x}");
                _next = address + size;
            }

            _memory.Clear(address, size);
            _memory.SetOwner(address, size, _owner);
            return address;
        }
    }

    /// <inheritdoc/>
    public void Free(ulong address, ulong bytes)
    {
        var size = BitOperations.RoundUpToPowerOf2(bytes);
        lock (_lock)
        {
            if (!_free.TryGetValue(size, out var stack))
                _free[size] = stack = new Stack<ulong>();
            stack.Push(address);
            _freed++;
            if (size >= PhysicalMemory.FrameSize)
                _memory.SetOwner(address, size, OwnerTag.None);
        }
    }
}
