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

        var permissions = VtdEntry.Read | VtdEntry.Write;
        var table = root;
        for (var level = levels; ; level--, shift -= 9)
        {
            var address = table + (((iova >> shift) & 511) << 3);
            walk.EntryAddress = address;
            walk.Level = (sbyte)level;
            if (!memory.TryRead64(address, out var entry))
            {
                walk.Status = WalkStatus.ReadAbort;
                walk.Permissions = (PagePermissions)permissions;
                return;
            }

            walk.Reads++;
            walk.Entry = entry;
            permissions &= entry;
            if ((entry & (VtdEntry.Read | VtdEntry.Write)) == 0)
            {
                walk.Status = WalkStatus.NotPresent;
                return;
            }

            var isPage = level == 1 || ((entry & VtdEntry.LargePage) != 0 && level <= rules.LargestPageLevel);
            var reserved = level == 1 ? rules.SecondPage
                : isPage ? rules.SecondPage | ((1UL << shift) - 4096)
                : level > rules.LargestPageLevel ? rules.SecondTop
                : rules.SecondTable;
            if ((entry & reserved) != 0)
            {
                walk.Status = WalkStatus.Reserved;
                walk.Permissions = (PagePermissions)permissions;
                return;
            }

            if (isPage)
            {
                walk.Status = WalkStatus.Ok;
                walk.PageShift = (byte)shift;
                walk.Permissions = (PagePermissions)permissions;
                walk.Output = entry & VtdEntry.AddressMask & ~((1UL << shift) - 1);
                return;
            }

            table = entry & VtdEntry.AddressMask;
        }
    }
}
