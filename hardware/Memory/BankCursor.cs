using System.Runtime.CompilerServices;

namespace Emulator.Hardware.Memory;

/// <summary>Reads and writes words of a memory, and remembers in which bank the last one was. The tables of a page table mostly share a bank: their words are then found without
/// looking the bank up, which would be two more loads that wait for each other at every level.</summary>
/// <remarks>For one thread, as a local of a call; what it remembers stays true as long as the memory is not disposed of.</remarks>
public unsafe struct BankCursor
{
    private readonly PhysicalMemory _memory;
    private ulong _number = ulong.MaxValue;
    private byte* _bank;

    /// <summary>Makes a cursor that stands nowhere.</summary>
    /// <param name="memory">The memory.</param>
    public BankCursor(PhysicalMemory memory) => _memory = memory;

    /// <summary>Reads an aligned 64-bit word; see <see cref="PhysicalMemory.TryRead64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead64(ulong address, out ulong value)
    {
        if (!MoveTo(address))
            return PhysicalMemory.IsUntouched(value = _memory.ReadUntouched(address));
        value = Volatile.Read(ref *(ulong*)(_bank + (address & (PhysicalMemory.BankSize - 8))));
        return true;
    }

    /// <summary>Reads an aligned 32-bit word; see <see cref="PhysicalMemory.TryRead64"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead32(ulong address, out uint value)
    {
        if (!MoveTo(address))
            return PhysicalMemory.IsUntouched(value = (uint)_memory.ReadUntouched(address));
        value = Volatile.Read(ref *(uint*)(_bank + (address & (PhysicalMemory.BankSize - 4))));
        return true;
    }

    /// <summary>Reads an aligned 64-bit word; all ones where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read64(ulong address)
    {
        TryRead64(address, out var value);
        return value;
    }

    /// <summary>Reads an aligned 32-bit word; all ones where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Read32(ulong address)
    {
        TryRead32(address, out var value);
        return value;
    }

    /// <summary>Writes an aligned 64-bit word; lost where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write64(ulong address, ulong value)
    {
        if (!MoveTo(address))
        {
            _memory.Write64(address, value);
            return;
        }

        PhysicalMemory.Touch(_bank, address);
        Volatile.Write(ref *(ulong*)(_bank + (address & (PhysicalMemory.BankSize - 8))), value);
    }

    /// <summary>Writes an aligned 32-bit word; lost where there is no RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Write32(ulong address, uint value)
    {
        if (!MoveTo(address))
        {
            _memory.Write32(address, value);
            return;
        }

        PhysicalMemory.Touch(_bank, address);
        Volatile.Write(ref *(uint*)(_bank + (address & (PhysicalMemory.BankSize - 4))), value);
    }

    // False where nothing was written yet, or there is no RAM.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool MoveTo(ulong address)
    {
        var number = address >> PhysicalMemory.BankShift;
        if (number == _number)
            return true;
        var bank = _memory.FindBank(address);
        if (bank == null)
            return false;
        _number = number;
        _bank = bank;
        return true;
    }
}
