using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Memory;

/// <summary>Reads and writes words of a memory, and remembers in which bank the last one was. The tables of a page table mostly share a bank: their words are then
/// found without
/// looking the bank up, which would be two more loads that wait for each other at every level.</summary>
/// <remarks>For one thread, as a local of a call; what it remembers stays true as long as the memory is not disposed of.</remarks>
public unsafe struct BankCursor
{
    // No bank begins here: it is beyond 52 bits.
    private const ulong Nowhere = ~(PhysicalMemory.BankSize - 1);

    private readonly PhysicalMemory _memory;
    private ulong _start = Nowhere;
    private byte* _bank;

    /// <summary>Makes a cursor that stands nowhere.</summary>
    /// <param name="memory">The memory.</param>
    public BankCursor(PhysicalMemory memory) => _memory = memory;

    /// <summary>Makes a cursor.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="address">Where it stands: in the bank that is needed first.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public BankCursor(PhysicalMemory memory, ulong address)
    {
        _memory = memory;
        var bank = memory.FindBank(address);
        if (bank != null)
        {
            _start = address & ~(PhysicalMemory.BankSize - 1);
            _bank = bank;
        }
    }

    /// <summary>Reads an aligned 64-bit word; see <see cref="PhysicalMemory.TryRead64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead64(ulong address, out ulong value)
    {
        if (!MoveTo(address, out var offset))
            return PhysicalMemory.IsUntouched(value = _memory.ReadUntouched(address));
        value = Volatile.Read(ref *(ulong*)(_bank + offset));
        return true;
    }

    /// <summary>Reads an aligned 32-bit word; see <see cref="PhysicalMemory.TryRead64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead32(ulong address, out uint value)
    {
        if (!MoveTo(address, out var offset))
            return PhysicalMemory.IsUntouched(value = (uint)_memory.ReadUntouched(address));
        value = Volatile.Read(ref *(uint*)(_bank + offset));
        return true;
    }

    /// <summary>Reads an aligned 64-bit word; all ones where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read64(ulong address)
    {
        var offset = address - _start;
        return offset < PhysicalMemory.BankSize ? Volatile.Read(ref *(ulong*)(_bank + offset)) : ReadElsewhere64(address);
    }

    /// <summary>Reads an aligned 32-bit word; all ones where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read32(ulong address)
    {
        var offset = address - _start;
        return offset < PhysicalMemory.BankSize ? Volatile.Read(ref *(uint*)(_bank + offset)) : ReadElsewhere32(address);
    }

    /// <summary>Writes an aligned 64-bit word; lost where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write64(ulong address, ulong value)
    {
        var offset = address - _start;
        if (offset < PhysicalMemory.BankSize)
        {
            Touch(offset);
            Volatile.Write(ref *(ulong*)(_bank + offset), value);
        }
        else
        {
            WriteElsewhere64(address, value);
        }
    }

    /// <summary>Writes an aligned 32-bit word; lost where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write32(ulong address, uint value)
    {
        var offset = address - _start;
        if (offset < PhysicalMemory.BankSize)
        {
            Touch(offset);
            Volatile.Write(ref *(uint*)(_bank + offset), value);
        }
        else
        {
            WriteElsewhere32(address, value);
        }
    }

    /// <summary>Counts words that have, or have not, bits of a mask; see <see cref="WordRuns.CountRun64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong CountRun64(ulong address, ulong count, ulong mask, bool set) => count == 1
        ? ((Read64(address) & mask) != 0) == set ? 1UL : 0
        : _memory.CountRun64(address, count, mask, set);

    /// <summary>Writes a run of words; see <see cref="WordRuns.Fill64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Fill64(ulong address, ulong count, ulong value, ulong step)
    {
        if (count == 1)
            Write64(address, value);
        else
            _memory.Fill64(address, count, value, step);
    }

    /// <summary>Clears words up to the first that is zero; see <see cref="WordRuns.ClearRun64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ClearRun64(ulong address, ulong count)
    {
        if (count != 1)
            return _memory.ClearRun64(address, count);
        if (Read64(address) == 0)
            return 0;
        Write64(address, 0);
        return 1;
    }

    // Calls, so that what surrounds the others stays small.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ulong ReadElsewhere64(ulong address)
    {
        TryRead64(address, out var value);
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint ReadElsewhere32(ulong address)
    {
        TryRead32(address, out var value);
        return value;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteElsewhere64(ulong address, ulong value)
    {
        MoveTo(address, out _);
        _memory.Write64(address, value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteElsewhere32(ulong address, uint value)
    {
        MoveTo(address, out _);
        _memory.Write32(address, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly void Touch(ulong offset) => _bank[PhysicalMemory.TouchedOffset + (offset >> PhysicalMemory.FrameShift)] = 1;

    // False where nothing was written yet, or there is no RAM.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MoveTo(ulong address, out ulong offset)
    {
        offset = address - _start;
        if (offset < PhysicalMemory.BankSize)
            return true;
        var bank = _memory.LookUpBank(address);
        if (bank == null)
            return false;
        offset = address & (PhysicalMemory.BankSize - 1);
        _start = address - offset;
        _bank = bank;
        return true;
    }
}
