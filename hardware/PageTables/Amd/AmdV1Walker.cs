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
        result = default;
        var shift = AmdTables.Shift(levels - 1);
        result.Level = (sbyte)(levels - 1);
        if (levels < MaxLevels && iova >> (shift + AmdTables.IndexBits) != 0)
        {
            result.Status = WalkStatus.InputSize;
            return;
        }

        var table = root;
        while (true)
        {
            if (!AmdWalkStep.TryRead(memory, table, shift, iova, ref result))
                return;
            var entry = new AmdV1Entry(result.Entry);
            var next = entry.NextLevel;
            permissions &= entry.Permissions;
            if ((result.Entry & AmdV1Entry.ReservedMask) != 0)
            {
                result.Status = WalkStatus.Reserved;
                return;
            }

            if (next is 0 or AmdV1Entry.SizedLeaf)
            {
                Finish(entry, shift, iova, permissions, ref result);
                return;
            }

            if (next > result.Level)
            {
                result.Status = WalkStatus.Reserved;
                return;
            }

            var below = AmdTables.Shift(next - 1);
            if (((iova & ((1UL << shift) - 1)) >> (below + AmdTables.IndexBits)) != 0)
            {
                result.Status = WalkStatus.InputSize;
                return;
            }

            table = entry.Address;
            shift = below;
            result.Level = (sbyte)(next - 1);
        }
    }

    private static void Finish(AmdV1Entry entry, int shift, ulong iova, PagePermissions permissions, ref WalkResult result)
    {
        var size = entry.NextLevel == AmdV1Entry.SizedLeaf ? entry.EncodedShift : shift;
        if (size < shift)
        {
            result.Status = WalkStatus.Reserved;
            return;
        }

        var offset = (1UL << size) - 1;
        var output = (entry.Address & ~offset) | (iova & offset);

        // An encoded size that reaches beyond this table's entries (as Linux 6.1 writes for pages of a terabyte and more) holds for this entry's own span.
        var span = size < shift + AmdTables.IndexBits ? size : shift;
        result.PageShift = (byte)span;
        result.Output = output & ~((1UL << span) - 1);
        result.Permissions = permissions;
    }
}
