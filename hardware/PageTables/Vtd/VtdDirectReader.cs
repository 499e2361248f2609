using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>First-level tables at physical addresses.</summary>
public struct VtdDirectReader : IVtdTableReader
{
    private readonly PhysicalMemory _memory;
    private readonly bool _marks;
    private BankCursor _cursor;

    /// <summary>Makes a reader.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="marks">Whether accessed and dirty bits are written; false for a look without traces.</param>
    public VtdDirectReader(PhysicalMemory memory, bool marks) => (_memory, _marks, _cursor) = (memory, marks, new BankCursor(memory));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(ref ulong address, out ulong entry) => _cursor.TryRead64(address, out entry);

    /// <inheritdoc/>
    public readonly void Mark(ulong address, ulong entry, ulong bits)
    {
        if (_marks)
            _memory.CompareExchange64(address, entry | bits, entry);
    }
}
