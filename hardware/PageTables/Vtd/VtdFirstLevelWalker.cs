using System.Runtime.CompilerServices;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>The silicon's walk of first-level tables: x86 process paging of 4 or 5 levels.</summary>
/// <remarks>Source: VT-d specification, chapter on first-level translation. A page that lacks US at any level is for privileged requests only. The
/// accessed bit is set on the way, the dirty bit by a permitted write.</remarks>
public static class VtdFirstLevelWalker
{
    /// <summary>Walks.</summary>
    /// <typeparam name="TReader">How the tables are reached.</typeparam>
    /// <param name="reader">Reads the tables.</param>
    /// <param name="root">The top table.</param>
    /// <param name="levels">4 or 5 (3 is taken too).</param>
    /// <param name="iova">The input address; the bits above the table's width must repeat its top bit.</param>
    /// <param name="write">Whether the walk is for a write: a writable leaf becomes dirty.</param>
    /// <param name="rules">What the unit accepts.</param>
    /// <param name="walk">Receives the result.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Walk<TReader>(ref TReader reader, ulong root, int levels, ulong iova, bool write, in VtdWalkRules rules, out WalkResult walk)
        where TReader : struct, IVtdTableReader
    {
        walk = default;
        var shift = VtdEntry.Shift(levels);
        if ((ulong)((long)iova >> (shift + 8)) + 1 > 1)
        {
            walk.Status = WalkStatus.InputSize;
            return;
        }

        var (all, any) = (ulong.MaxValue, 0UL);
        var (table, level, reads, address, word) = (root, levels, 0, 0UL, 0UL);
        WalkStatus status;
        while (true)
        {
            address = table + (((iova >> shift) & 511) << 3);
            if (!reader.TryRead(ref address, out var entry))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            reads++;
            word = entry;
            if ((entry & VtdEntry.Read) == 0)
            {
                status = WalkStatus.NotPresent;
                break;
            }

            all &= entry;
            any |= entry;
            var isPage = level == 1 || ((entry & VtdEntry.LargePage) != 0 && level <= rules.LargestPageLevel);

            // Bit 12 of a large page is its PAT bit.
            var reserved = rules.FirstTable | (level == 1 ? 0 : isPage ? (1UL << shift) - 8192 : VtdEntry.LargePage);
            if ((entry & reserved) != 0)
            {
                status = WalkStatus.Reserved;
                break;
            }

            var marks = VtdEntry.Accessed | (isPage && write && (all & VtdEntry.Write) != 0 ? VtdEntry.Dirty : 0);
            if ((entry & marks) != marks)
                reader.Mark(address, entry, marks);
            if (isPage)
            {
                status = WalkStatus.Ok;
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
        if (status != WalkStatus.Ok)
            return;
        walk.PageShift = (byte)shift;
        walk.Permissions = PagePermissions.Read
            | (PagePermissions)(all & VtdEntry.Write)
            | ((any & VtdEntry.ExecuteDisable) == 0 ? PagePermissions.Execute : 0)
            | ((all & VtdEntry.User) == 0 ? PagePermissions.PrivilegedOnly : 0);
        walk.Output = word & VtdEntry.AddressMask & ~((1UL << shift) - 1);
    }
}
