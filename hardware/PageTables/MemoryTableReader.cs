using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables;

/// <summary>Reads table words straight from memory.</summary>
/// <param name="memory">The memory.</param>
public readonly struct MemoryTableReader(PhysicalMemory memory) : ITableReader
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryRead(ulong address, out ulong word) => memory.TryRead64(address, out word);
}
