using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>
/// AMD's host (v1) page table as Linux writes it: three levels at first, growing to six when an address needs it; pages of every power of two,
/// repeated in as many entries as they cover; large pages are never split.
/// </summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/io_pgtable.c. Growth is reported with <see cref="InvalidationGather.AddRoot"/>: device table
/// entries must be rewritten before the new addresses can be reached.</remarks>
public sealed class AmdV1PageTable : AmdPageTable
{
    /// <summary>Levels of a new table (Linux: PAGE_MODE_3_LEVEL).</summary>
    public const int InitialLevels = 3;

    /// <summary>Page sizes of 6.1: every power of two from 4 KiB except 512 GiB (AMD_IOMMU_PGSIZES).</summary>
    public const ulong PageSizes61 = ~0xfffUL & ~(1UL << 39);

    /// <summary>Page sizes of 6.12: the same up to 2^51.</summary>
    public const ulong PageSizes612 = PageSizes61 & ((1UL << 52) - 1);

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">The memory that holds it.</param>
    /// <param name="frames">Where its pages come from.</param>
    /// <param name="kernel">Whose code is followed.</param>
    /// <param name="pageSizes">Page sizes in place of the kernel's default; 0x1000 is 6.12's 4 KiB-only mode.</param>
    public AmdV1PageTable(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, ulong? pageSizes = null)
        : base(memory, frames, kernel, InitialLevels)
    {
        PageSizeBitmap = pageSizes ?? (ChecksEnd ? PageSizes612 : PageSizes61);
    }

    /// <inheritdoc/>
    public override ulong PageSizeBitmap { get; }

    /// <inheritdoc/>
    public override int InputBits => 64;

    // 6.12 takes the end of a page into account where 6.1 looks at its start only.
    private bool ChecksEnd => Kernel != KernelVersion.Linux61;

    /// <inheritdoc/>
    public override MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (!BitOperations.IsPow2(pageSize) || ((iova | physical) & (pageSize - 1)) != 0)
            throw new KernelBugException($"io_pgtable.c:363: 0x{iova:x} -> 0x{physical:x} is not aligned to 0x{pageSize:x}");
        if ((protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);
        var copies = CopiesOf(pageSize);
        var (mapped, replaced) = (0UL, false);
        var size = count << BitOperations.TrailingZeroCount(pageSize);

        // Beyond the addresses of an entry, which the kernel does not look at, leaves do not grow evenly.
        var run = (physical | (physical + size)) >> PhysicalAddress.Bits == 0 ? count : 1;
        while (mapped < size)
        {
            var leaf = AmdV1Entry.Leaf(physical + mapped, pageSize, copies > 1, protection);
            var done = MapPages(iova + mapped, leaf.Raw, pageSize, run, copies, gather, ref replaced);
            mapped += done;
            if (done < run * pageSize)
                break;
        }

        if (replaced && ChecksEnd)
            gather.AddWalk(iova, size, pageSize);
        else if (replaced)
            gather.AddAll();
        return new MapResult(mapped < size ? Errno.ENOMEM : Errno.None, mapped);
    }

    /// <inheritdoc/>
    public override ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (!BitOperations.IsPow2(pageSize))
            throw new KernelBugException($"io_pgtable.c:434: 0x{pageSize:x} is no power of two");
        return ClearPages(iova, pageSize, count, gather);
    }

    // PAGE_SIZE_LEVEL
    private static int LevelOf(ulong pageSize) => (BitOperations.TrailingZeroCount(pageSize) - AmdTables.PageShift) / AmdTables.IndexBits;

    // PM_LEVEL_SIZE
    private static ulong LastAddress(int levels) => levels < AmdV1Walker.MaxLevels ? (1UL << AmdTables.Shift(levels)) - 1 : ulong.MaxValue;

    private AmdV1Entry Read(ulong address) => new(Upper.Read64(address));

    private protected override ulong? MakeEntry(ulong iova, ulong pageSize, InvalidationGather gather, ref bool replaced)
    {
        var highest = ChecksEnd ? iova + (pageSize - 1) : iova;
        while (highest > LastAddress(Levels) || (ChecksEnd && Levels - 1 < LevelOf(pageSize)))
        {
            if (!Grow(gather))
                return null;
        }

        var level = Levels - 1;
        var slot = Slot(Root, level, iova);
        var leafLevel = LevelOf(pageSize);
        while (level > leafLevel)
        {
            var entry = new AmdV1Entry(Upper.Read64(slot));
            if (entry.Present && entry.NextLevel == AmdV1Entry.SizedLeaf)
            {
                ClearCopies(slot, entry);
                replaced = true;
            }
            else if (!entry.Present || entry.NextLevel == 0)
            {
                if (Allocate() is not { } page)
                    return null;
                replaced |= entry.Present;
                Upper.Write64(slot, AmdV1Entry.Table(page, level).Raw);
            }
            else if (entry.NextLevel != level)
            {
                return null;
            }
            else
            {
                level--;
                slot = Slot(entry.Address, level, iova);
            }
        }

        return slot;
    }

    private bool Grow(InvalidationGather gather)
    {
        if (Levels == AmdV1Walker.MaxLevels || Allocate() is not { } root)
            return false;
        Upper.Write64(root, AmdV1Entry.Table(Root, Levels).Raw);
        Root = root;
        Levels++;
        gather.AddRoot();
        return true;
    }

    private void ClearCopies(ulong slot, AmdV1Entry entry)
    {
        var copies = CopiesOf(1UL << entry.EncodedShift);
        var first = slot & ~((copies << 3) - 1);
        for (var i = 0UL; i < copies; i++)
            Memory.CompareExchange64(first + (i << 3), 0, entry.Raw);
    }

    // free_clear_pte: true when tables below the entry are to be freed.
    private protected override bool Replace(ulong slot, ulong pageSize, InvalidationGather gather)
    {
        var entry = Read(slot);
        Leaves.Write64(slot, 0);
        if (!IsTable(entry.Raw))
            return false;
        FreeTree(entry.Address, entry.NextLevel, gather.AddFreedTable);
        return true;
    }

    private protected override bool IsTable(ulong entry) => new AmdV1Entry(entry) is { Present: true, NextLevel: not (0 or AmdV1Entry.SizedLeaf) };

    private protected override ulong? FindEntry(ulong iova, out ulong size)
    {
        size = 0;
        if (iova > LastAddress(Levels))
            return null;
        var level = Levels - 1;
        var slot = Slot(Root, level, iova);
        while (level > 0)
        {
            var entry = new AmdV1Entry(Upper.Read64(slot));
            if (!entry.Present)
                return null;
            if (entry.NextLevel is 0 or AmdV1Entry.SizedLeaf)
                break;
            if (entry.NextLevel != level)
                return null;
            level--;
            slot = Slot(entry.Address, level, iova);
        }

        size = 1UL << AmdTables.Shift(level);
        var leaf = new AmdV1Entry(Leaves.Read64(slot));
        if (leaf.NextLevel != AmdV1Entry.SizedLeaf)
            return slot;
        size = 1UL << leaf.EncodedShift;
        return slot & ~((CopiesOf(size) << 3) - 1);
    }
}
