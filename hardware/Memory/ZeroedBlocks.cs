using System.Runtime.InteropServices;

namespace Emulator.Hardware.Memory;

/// <summary>Native memory that reads as zero, in blocks of one size. Blocks that come back are handed out again, so that one short-lived memory after another costs only what it touches.</summary>
/// <remarks>May be used by several threads at once.</remarks>
internal sealed unsafe class ZeroedBlocks(nuint bytes, int kept)
{
    private readonly Stack<nint> _blocks = new(kept);

    /// <summary>A block. Only <see cref="Return"/> gives it back.</summary>
    public void* Rent()
    {
        lock (_blocks)
        {
            if (_blocks.TryPop(out var block))
                return (void*)block;
        }

        return NativeMemory.AllocZeroed(bytes);
    }

    /// <summary>Gives a block back.</summary>
    /// <param name="block">A block of this size, all zero again.</param>
    public void Return(void* block)
    {
        lock (_blocks)
        {
            if (_blocks.Count < kept)
            {
                _blocks.Push((nint)block);
                return;
            }
        }

        NativeMemory.Free(block);
    }
}
