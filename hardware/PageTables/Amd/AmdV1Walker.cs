using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>The silicon's walk of an AMD host (v1) page table.</summary>
/// <remarks>Source: AMD 48882, I/O page tables: permissions are ANDed along the walk, an entry may skip levels when the address bits of the skipped
/// levels are zero. Levels in results are numbered from 0, the lowest.</remarks>
public static class AmdV1Walker
{
    /// <summary>The most levels that a table has.</summary>
    public const int MaxLevels = 6;

    /// <summary>Walks.</summary>
    /// <param name="memory">The memory that holds the tables.</param>
    /// <param name="root">The top table.</param>
    /// <param name="levels">Levels of the table, 1 to 6 (the device table entry's Mode).</param>
    /// <param name="iova">The address.</param>
    /// <param name="permissions">What the device table entry allows.</param>
    /// <param name="result">What was found.</param>
    public static void Walk(PhysicalMemory memory, ulong root, int levels, ulong iova, PagePermissions permissions, out WalkResult result)
    {
        var shift = AmdTables.Shift(levels - 1);
        var level = levels - 1;
        if (levels < MaxLevels && iova >> (shift + AmdTables.IndexBits) != 0)
        {
            result = new WalkResult { Level = (sbyte)level, Status = WalkStatus.InputSize };
            return;
        }

        var cursor = new BankCursor(memory, root);
        var (table, address, word, reads, output, span) = (root, 0UL, 0UL, 0, 0UL, 0);
        WalkStatus status;
        while (true)
        {
            address = AmdTables.Slot(table, shift, iova);
            if (!cursor.TryRead64(address, out var raw))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            reads++;
            word = raw;
            if ((raw & AmdTables.Present) == 0)
            {
                status = WalkStatus.NotPresent;
                break;
            }

            var entry = new AmdV1Entry(raw);
            var next = entry.NextLevel;
            permissions &= entry.Permissions;
            if ((raw & AmdV1Entry.ReservedMask) != 0)
            {
                status = WalkStatus.Reserved;
                break;
            }

            // Mostly the next level down, which the address of its entry then need not wait for.
            if (next == level && level > 0)
            {
                shift -= AmdTables.IndexBits;
            }
            else if (next is 0 or AmdV1Entry.SizedLeaf)
            {
                status = Finish(entry, shift, iova, out span, out output);
                break;
            }
            else if (next > level)
            {
                status = WalkStatus.Reserved;
                break;
            }
            else
            {
                var below = AmdTables.Shift(next - 1);
                if (((iova & ((1UL << shift) - 1)) >> (below + AmdTables.IndexBits)) != 0)
                {
                    status = WalkStatus.InputSize;
                    break;
                }

                shift = below;
            }

            table = entry.Address;
            level = next - 1;
        }

        result.Status = status;
        result.Level = (sbyte)level;
        result.PageShift = (byte)span;
        result.Permissions = span != 0 ? permissions : PagePermissions.None;
        result.Reads = (byte)reads;
        result.Output = output;
        result.Entry = word;
        result.EntryAddress = address;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static WalkStatus Finish(AmdV1Entry entry, int shift, ulong iova, out int span, out ulong output)
    {
        (span, output) = (0, 0);
        var size = entry.NextLevel == AmdV1Entry.SizedLeaf ? entry.EncodedShift : shift;
        if (size < shift)
            return WalkStatus.Reserved;
        var offset = (1UL << size) - 1;

        // An encoded size that reaches beyond this table's entries (as Linux 6.1 writes for pages of a terabyte and more) holds for this entry's own span.
        span = size < shift + AmdTables.IndexBits ? size : shift;
        output = ((entry.Address & ~offset) | (iova & offset)) & ~((1UL << span) - 1);
        return WalkStatus.Ok;
    }
}
