using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables;

/// <summary>Reads table words straight from memory.</summary>
/// <param name="memory">The memory.</param>
public struct MemoryTableReader(PhysicalMemory memory) : ITableReader
{
    private BankCursor _cursor = new(memory);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(ulong address, out ulong word) => _cursor.TryRead64(address, out word);
}
