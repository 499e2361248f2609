using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>The silicon's walk: a first-level entry for each MiB, a second-level entry for each 4 KiB. There are no permissions.</summary>
/// <remarks>Source: OMAP35x technical reference manual, MMU translation tables; Linux 6.1 drivers/iommu/omap-iopgtable.h.</remarks>
/// <param name="memory">Where the tables are.</param>
public readonly struct OmapWalker(PhysicalMemory memory)
{
    /// <summary>Walks.</summary>
    /// <param name="table">TTB: address of the first-level table.</param>
    /// <param name="address">The address.</param>
    /// <param name="result">Level 1 or 2, the level of the last entry read.</param>
    public void Walk(uint table, uint address, out WalkResult result)
    {
        result = default;
        result.Permissions = PagePermissions.Read | PagePermissions.Write;
        result.Level = 1;
        if (!Read((table & ~0x7fu) | (address >> 20 << 2), ref result))
            return;
        var first = (uint)result.Entry;
        if ((first & 3) == 2)
        {
            SetPage(ref result, (first & (1 << 18)) != 0 ? 24 : 20);
            return;
        }

        if ((first & 3) != 1)
        {
            result.Status = WalkStatus.NotPresent;
            return;
        }

        result.Level = 2;
        if (!Read((first & ~0x3ffu) | (((address >> 12) & 0xff) << 2), ref result))
            return;
        var second = (uint)result.Entry;
        if ((second & 3) == 0)
            result.Status = WalkStatus.NotPresent;
        else
            SetPage(ref result, (second & 2) != 0 ? 12 : 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SetPage(ref WalkResult result, int shift)
    {
        result.PageShift = (byte)shift;
        result.Output = result.Entry >> shift << shift;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Read(uint address, ref WalkResult result)
    {
        result.EntryAddress = address;
        result.Reads++;
        var read = memory.TryRead32(address, out var word);
        result.Entry = word;
        result.Status = read ? WalkStatus.Ok : WalkStatus.ReadAbort;
        return read;
    }
}
