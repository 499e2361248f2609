using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>The silicon's walk: SMMU_PTB_DATA, page directory, page table. Each level's attributes restrict what is allowed.</summary>
/// <param name="cache">Through which table words are read.</param>
/// <param name="addressBits">Bits of physical address, 32 or 34.</param>
public readonly struct TegraSmmuWalker(TegraSmmuPageTableCache cache, int addressBits)
{
    /// <summary>Walks.</summary>
    /// <param name="directory">SMMU_PTB_DATA of the ASID.</param>
    /// <param name="iova">The address.</param>
    /// <param name="result">Level 0: SMMU_PTB_DATA was the last word looked at; 1: the directory's entry; 2: the table's.</param>
    public void Walk(uint directory, uint iova, out WalkResult result)
    {
        result = new WalkResult { PageShift = TegraSmmuEntry.PageShift, Permissions = PagePermissions.Read | PagePermissions.Write };
        Take(directory, ref result);
        if (result.Status != WalkStatus.Ok)
            return;
        result.Level = 1;
        Read(directory, iova >> TegraSmmuEntry.SectionShift, ref result);
        if (result.Status == WalkStatus.Ok && (result.Entry & TegraSmmuEntry.Next) == 0)
        {
            result.PageShift = TegraSmmuEntry.SectionShift;
        }
        else if (result.Status == WalkStatus.Ok)
        {
            result.Level = 2;
            Read((uint)result.Entry, (iova >> TegraSmmuEntry.PageShift) & (TegraSmmuEntry.Entries - 1), ref result);
        }

        result.Output = TegraSmmuEntry.Address((uint)result.Entry, addressBits) >> result.PageShift << result.PageShift;
    }

    private void Read(uint table, uint index, ref WalkResult result)
    {
        result.EntryAddress = TegraSmmuEntry.Address(table, addressBits) + (4 * index);
        if (!cache.TryRead(result.EntryAddress, out var word))
        {
            result.Status = WalkStatus.ReadAbort;
            return;
        }

        result.Reads++;
        Take(word, ref result);
    }

    private static void Take(uint word, ref WalkResult result)
    {
        result.Entry = word;
        result.Permissions &= TegraSmmuEntry.Permissions(word);
        if (word == 0)
            result.Status = WalkStatus.NotPresent;
    }
}
