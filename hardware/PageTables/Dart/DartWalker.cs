using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Dart;

/// <summary>The silicon's walk of one DART table tree: the first-level table that a TTBR names, then a second-level table of leaves.</summary>
/// <remarks>The subpage limits of a leaf are not enforced: Linux always allows the whole page. A table that is not RAM ends the walk with
/// <see cref="WalkStatus.ReadAbort"/>.</remarks>
public readonly struct DartWalker
{
    private readonly PhysicalMemory _memory;
    private readonly DartFormat _format;
    private readonly int _granuleShift;
    private readonly ulong _indexMask;

    /// <summary>Makes a walker.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="format">The generation's format.</param>
    /// <param name="granuleShift">log2 of the page size, 12 or 14; a table is one page.</param>
    public DartWalker(PhysicalMemory memory, DartFormat format, int granuleShift)
    {
        (_memory, _format, _granuleShift) = (memory, format, granuleShift);
        _indexMask = (1UL << (granuleShift - 3)) - 1;
    }

    /// <summary>log2 of what one first-level table translates: the TTBR is chosen by the address bits from here up.</summary>
    public int TableShift => (3 * _granuleShift) - 6;

    /// <summary>Walks.</summary>
    /// <param name="table">Address of the first-level table.</param>
    /// <param name="iova">The address; bits from <see cref="TableShift"/> up are not looked at.</param>
    /// <param name="result">Level 1: the first-level entry was the last one read; level 2: the leaf.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Walk(ulong table, ulong iova, out WalkResult result)
    {
        var cursor = new BankCursor(_memory, table);
        var (level, shift, reads, address, word) = (1, (2 * _granuleShift) - 3, 0, 0UL, 0UL);
        WalkStatus status;
        while (true)
        {
            address = table + (((iova >> shift) & _indexMask) << 3);
            if (!cursor.TryRead64(address, out word))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            reads++;
            if ((word & DartFormat.Valid) == 0 || level == 2)
            {
                status = (word & DartFormat.Valid) == 0 ? WalkStatus.NotPresent : WalkStatus.Ok;
                break;
            }

            (table, shift, level) = (_format.DecodeAddress(word), _granuleShift, 2);
        }

        result = default;
        result.Status = status;
        result.Level = (sbyte)level;
        result.PageShift = (byte)_granuleShift;
        result.Reads = (byte)reads;
        result.Entry = word;
        result.EntryAddress = address;
        if (status != WalkStatus.Ok)
            return;
        result.Output = _format.DecodeAddress(word) >> _granuleShift << _granuleShift;
        result.Permissions = _format.Permissions(word);
    }
}
