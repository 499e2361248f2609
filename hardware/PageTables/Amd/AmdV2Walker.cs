using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>The silicon's walk of an AMD guest (v2) page table: x86 long mode, four or five levels.</summary>
/// <remarks>Accessed and dirty marks are not written: Linux sets both in advance. Levels in results are numbered from 0, the lowest.</remarks>
public static class AmdV2Walker
{
    /// <summary>Walks.</summary>
    /// <param name="memory">The memory that holds the tables.</param>
    /// <param name="root">The top table.</param>
    /// <param name="levels">4 or 5.</param>
    /// <param name="iova">The address; [model] taken as unsigned, so a five-level table translates all of 57 bits.</param>
    /// <param name="permissions">What the device table entry allows.</param>
    /// <param name="result">What was found.</param>
    public static void Walk(PhysicalMemory memory, ulong root, int levels, ulong iova, PagePermissions permissions, out WalkResult result)
    {
        var shift = AmdTables.Shift(levels - 1);
        if (iova >> (shift + AmdTables.IndexBits) != 0)
        {
            result = new WalkResult { Level = (sbyte)(levels - 1), Status = WalkStatus.InputSize };
            return;
        }

        var cursor = new BankCursor(memory, root);
        var (table, word, all, any) = (root, 0UL, ulong.MaxValue, 0UL);
        WalkStatus status;
        while (true)
        {
            if (!cursor.TryRead64(AmdTables.Slot(table, shift, iova), out var raw))
            {
                status = WalkStatus.ReadAbort;
                break;
            }

            word = raw;
            if ((raw & AmdTables.Present) == 0)
            {
                status = WalkStatus.NotPresent;
                break;
            }

            all &= raw;
            any |= raw;
            if (shift == AmdTables.PageShift || new AmdV2Entry(raw).Large)
            {
                status = shift > AmdTables.Shift(2) ? WalkStatus.Reserved : WalkStatus.Ok;
                break;
            }

            table = raw & AmdV2Entry.AddressMask;
            shift -= AmdTables.IndexBits;
        }

        result = default;
        var level = AmdTables.Level(shift);
        result.Status = status;
        result.Level = (sbyte)level;
        result.Reads = (byte)(levels - level - (status == WalkStatus.ReadAbort ? 1 : 0));
        result.Entry = word;
        result.EntryAddress = AmdTables.Slot(table, shift, iova);
        if (status != WalkStatus.Ok)
            return;
        var (every, some) = (new AmdV2Entry(all), new AmdV2Entry(any));
        result.PageShift = (byte)shift;
        result.Output = word & AmdV2Entry.AddressMask & (ulong.MaxValue << shift);
        result.Permissions = (every.Writable ? permissions : permissions & ~PagePermissions.Write)
            | (some.NoExecute ? PagePermissions.None : PagePermissions.Execute)
            | (every.User ? PagePermissions.None : PagePermissions.PrivilegedOnly);
    }
}
