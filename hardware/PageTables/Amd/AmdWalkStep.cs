using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>One step of the silicon's walk, the same in host (v1) and guest (v2) tables.</summary>
internal static class AmdWalkStep
{
    /// <summary>Reads the entry that an address selects.</summary>
    /// <param name="memory">The memory that holds the tables.</param>
    /// <param name="table">The table.</param>
    /// <param name="shift">log2 of the bytes that one of its entries covers.</param>
    /// <param name="iova">The address.</param>
    /// <param name="result">Receives the entry and its address; its status when the walk ends here.</param>
    /// <returns>False when the entry cannot be read or is not present.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(PhysicalMemory memory, ulong table, int shift, ulong iova, ref WalkResult result)
    {
        result.EntryAddress = AmdTables.Slot(table, shift, iova);
        if (!memory.TryRead64(result.EntryAddress, out var raw))
        {
            result.Status = WalkStatus.ReadAbort;
            return false;
        }

        result.Reads++;
        result.Entry = raw;
        if ((raw & AmdTables.Present) != 0)
            return true;
        result.Status = WalkStatus.NotPresent;
        return false;
    }
}
