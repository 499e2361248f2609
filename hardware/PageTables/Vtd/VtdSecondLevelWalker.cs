using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>The silicon's walk of second-level tables. Permissions are the AND of all levels.</summary>
/// <remarks>Source: VT-d specification, chapter on second-level translation, as summed up by Linux and the recorded cases. Level 1 holds 4 KiB pages.</remarks>
public static class VtdSecondLevelWalker
{
    /// <summary>Walks.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="root">The top table.</param>
    /// <param name="levels">3, 4 or 5.</param>
    /// <param name="iova">The input address.</param>
    /// <param name="rules">What the unit accepts.</param>
    /// <param name="walk">Receives the result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Walk(PhysicalMemory memory, ulong root, int levels, ulong iova, in VtdWalkRules rules, out WalkResult walk)
    {
        walk = default;
        var shift = VtdEntry.Shift(levels);
        if (iova >> (shift + 9) != 0)
        {
            walk.Status = WalkStatus.InputSize;
            return;
        }

        var cursor = new BankCursor(memory);
        var permissions = VtdEntry.Read | VtdEntry.Write;
        var (table, level, reads, address, word) = (root, levels, 0, 0UL, 0UL);
        WalkStatus status;
        while (true)
        {
            address = table + (((iova >> shift) & 511) << 3);
            if (!cursor.TryRead64(address, out var entry))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            reads++;
            word = entry;
            permissions &= entry;
            if ((entry & (VtdEntry.Read | VtdEntry.Write)) == 0)
            {
                status = WalkStatus.NotPresent;
                break;
            }

            if (level == 1 || ((entry & VtdEntry.LargePage) != 0 && level <= rules.LargestPageLevel))
            {
                // Of a large page the address bits below its size are reserved: at level 1 there are none.
                status = (entry & (rules.SecondPage | ((1UL << shift) - 4096))) != 0 ? WalkStatus.Reserved : WalkStatus.Ok;
                break;
            }

            if ((entry & (level > rules.LargestPageLevel ? rules.SecondTop : rules.SecondTable)) != 0)
            {
                status = WalkStatus.Reserved;
                break;
            }

            table = entry & VtdEntry.AddressMask;
            level--;
            shift -= 9;
        }

        walk.Status = status;
        walk.Level = (sbyte)level;
        walk.Reads = (byte)reads;
        walk.Entry = word;
        walk.EntryAddress = address;
        walk.Permissions = status == WalkStatus.NotPresent ? PagePermissions.None : (PagePermissions)permissions;
        if (status != WalkStatus.Ok)
            return;
        walk.PageShift = (byte)shift;
        walk.Output = word & VtdEntry.AddressMask & ~((1UL << shift) - 1);
    }
}
