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
        if (iova >> (shift + VtdEntry.IndexBits) != 0)
        {
            walk.Status = WalkStatus.InputSize;
            return;
        }

        var cursor = new BankCursor(memory, root);
        var largest = VtdEntry.Shift(rules.LargestPageLevel);
        var (table, permissions, word) = (root, VtdEntry.Read | VtdEntry.Write, 0UL);
        WalkStatus status;
        while (true)
        {
            if (!cursor.TryRead64(VtdEntry.SlotAt(table, iova, shift), out var entry))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            word = entry;
            permissions &= entry;
            if ((entry & (VtdEntry.Read | VtdEntry.Write)) == 0)
            {
                status = WalkStatus.NotPresent;
                break;
            }

            if (shift == VtdEntry.PageShift || ((entry & VtdEntry.LargePage) != 0 && shift <= largest))
            {
                // Of a large page the address bits below its size are reserved: at level 1 there are none.
                status = (entry & (rules.SecondPage | ((1UL << shift) - VtdEntry.TableSize))) != 0 ? WalkStatus.Reserved : WalkStatus.Ok;
                break;
            }

            if ((entry & (shift > largest ? rules.SecondTop : rules.SecondTable)) != 0)
            {
                status = WalkStatus.Reserved;
                break;
            }

            table = entry & VtdEntry.AddressMask;
            shift -= VtdEntry.IndexBits;
        }

        var level = VtdEntry.Level(shift);
        walk.Status = status;
        walk.Level = (sbyte)level;
        walk.Reads = (byte)(levels - level + (status == WalkStatus.ReadAbort ? 0 : 1));
        walk.Entry = word;
        walk.EntryAddress = VtdEntry.SlotAt(table, iova, shift);
        walk.Permissions = status == WalkStatus.NotPresent ? PagePermissions.None : (PagePermissions)permissions;
        if (status != WalkStatus.Ok)
            return;
        walk.PageShift = (byte)shift;
        walk.Output = word & VtdEntry.AddressMask & (ulong.MaxValue << shift);
    }
}
