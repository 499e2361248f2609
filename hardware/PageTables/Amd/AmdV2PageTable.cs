using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>AMD's guest (v2) page table as Linux writes it for DMA domains: pages of 4 KiB, 2 MiB and 1 GiB; large pages are never split.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/io_pgtable_v2.c.</remarks>
public sealed class AmdV2PageTable : AmdPageTable
{
    private const ulong Page2M = 1UL << 21;
    private const ulong Page1G = 1UL << 30;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">The memory that holds it.</param>
    /// <param name="frames">Where its pages come from.</param>
    /// <param name="kernel">Whose code is followed.</param>
    /// <param name="levels">4, or with 6.12 also 5.</param>
    public AmdV2PageTable(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, int levels = 4)
        : base(memory, frames, kernel, Allowed(levels, kernel))
    {
    }

    /// <inheritdoc/>
    public override ulong PageSizeBitmap => PhysicalMemory.FrameSize | Page2M | Page1G;

    /// <inheritdoc/>
    public override int InputBits => AmdTables.Shift(Levels);

    /// <inheritdoc/>
    public override MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (!IsPageSize(pageSize))
            return new MapResult(Errno.EINVAL, 0, Warnings: 1);
        if (count == 0 || (protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);
        var (mapped, replaced) = (0UL, false);
        var size = count << BitOperations.TrailingZeroCount(pageSize);

        // Beyond the addresses of an entry, which the kernel does not look at, leaves do not grow evenly.
        var run = (physical | (physical + size)) >> PhysicalAddress.Bits == 0 ? count : 1;
        while (mapped < size)
        {
            var leaf = AmdV2Entry.Leaf(physical + mapped, pageSize != PhysicalMemory.FrameSize, protection);
            var done = MapPages(iova + mapped, leaf.Raw, pageSize, run, 1, gather, ref replaced);
            mapped += done;
            if (done < run * pageSize)
                break;
        }

        if (replaced && Kernel == KernelVersion.Linux61 && mapped > pageSize)
            gather.AddAll();
        else if (replaced)
            gather.AddWalk(iova, Kernel == KernelVersion.Linux61 ? PhysicalMemory.FrameSize : size, pageSize);
        return new MapResult(mapped == size ? Errno.None : Kernel == KernelVersion.Linux61 ? Errno.EINVAL : Errno.ENOMEM, mapped);
    }

    /// <inheritdoc/>
    public override ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (!IsPageSize(pageSize) || count == 0)
            return 0;
        if (pageSize != PhysicalMemory.FrameSize || count != 1 || !TryClear(iova))
            return ClearPages(iova, pageSize, count, gather);
        gather.AddPage(iova, pageSize, pageSize);
        return pageSize;
    }

    // One page of 4 KiB, as most unmaps are; false where there is anything else than a table with its entry.
    private bool TryClear(ulong iova)
    {
        var entry = new AmdV2Entry(Upper.Read64(Slot(Root, Levels - 1, iova)));
        if (!entry.Present)
            return false;
        for (var level = Levels - 2; level > 0; level--)
        {
            entry = new AmdV2Entry(Upper.Read64(Slot(entry.Address, level, iova)));
            if (!entry.IsTable)
                return false;
        }

        var slot = Slot(entry.Address, 0, iova);
        if (new AmdV2Entry(Leaves.Read64(slot)).Large)
            return false;
        Leaves.Write64(slot, 0);
        return true;
    }

    private static int Allowed(int levels, KernelVersion kernel) => levels == 4 || (levels == 5 && kernel != KernelVersion.Linux61)
        ? levels
        : throw new ArgumentOutOfRangeException(nameof(levels), levels, $"{kernel} has v2 page tables of 4 levels{(kernel == KernelVersion.Linux61 ? "" : " or 5")}");

    private static int LeafLevel(ulong pageSize) => pageSize switch { Page1G => 2, Page2M => 1, _ => 0 };

    private bool IsPageSize(ulong size) => BitOperations.IsPow2(size) && (size & PageSizeBitmap) != 0;

    private protected override ulong? MakeEntry(ulong iova, ulong pageSize, InvalidationGather gather, ref bool replaced)
    {
        var level = Levels - 1;
        var leafLevel = LeafLevel(pageSize);
        var slot = Slot(Root, level, iova);
        while (level > leafLevel)
        {
            var entry = new AmdV2Entry(Upper.Read64(slot));
            if (entry.Present && entry.Large)
            {
                Upper.Write64(slot, 0);
                replaced = true;
            }
            else if (!entry.Present)
            {
                if (Allocate() is not { } page)
                    return null;
                Upper.Write64(slot, AmdV2Entry.Table(page).Raw);
            }
            else
            {
                level--;
                slot = Slot(entry.Address, level, iova);
            }
        }

        return slot;
    }

    // The kernel takes a present entry for a table pointer here even when it is a leaf of the same size, and frees the data page
    // (io_pgtable_v2.c:190). Freed is only what is a table.
    private protected override bool Replace(ulong slot, ulong pageSize, InvalidationGather gather)
    {
        var old = new AmdV2Entry(Leaves.Read64(slot));
        if (!old.Present)
            return false;
        Leaves.Write64(slot, 0);
        var leafLevel = LeafLevel(pageSize);
        if (leafLevel > 0 && !old.Large)
            FreeTree(old.Address, leafLevel, gather.AddFreedTable);
        return true;
    }

    private protected override bool IsTable(ulong entry) => new AmdV2Entry(entry).IsTable;

    private protected override ulong? FindEntry(ulong iova, out ulong size)
    {
        size = PhysicalMemory.FrameSize;
        var level = Levels - 1;
        var slot = Slot(Root, level, iova);
        var entry = new AmdV2Entry(Upper.Read64(slot));
        while (level > 1)
        {
            if (!entry.Present)
                return null;
            level--;
            slot = Slot(entry.Address, level, iova);
            entry = new AmdV2Entry(Upper.Read64(slot));
            if (!entry.Large)
                continue;
            if (level > 2)
                return null;
            size = level == 2 ? Page1G : Page2M;
            return slot;
        }

        // Bit 7 counts at the lowest level too, where it is no size.
        if (!entry.Present)
            return null;
        slot = Slot(entry.Address, 0, iova);
        return new AmdV2Entry(Leaves.Read64(slot)).Large ? null : slot;
    }
}
