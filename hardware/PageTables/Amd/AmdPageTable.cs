using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>What the kernel does alike to host (v1) and guest (v2) tables: the loop of an unmap, look-up, and freeing. Large pages are never split.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/io_pgtable.c and io_pgtable_v2.c.</remarks>
public abstract class AmdPageTable : IPageTable
{
    // Two places, since leaves are often in another bank than the tables above them.
    private protected BankCursor Upper;
    private protected BankCursor Leaves;

    private readonly IFrameAllocator _frames;

    /// <summary>Allocates the top table.</summary>
    /// <param name="memory">The memory that holds the tables.</param>
    /// <param name="frames">Where their pages come from.</param>
    /// <param name="kernel">Whose code is followed.</param>
    /// <param name="levels">Levels of the new table.</param>
    private protected AmdPageTable(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, int levels)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (Memory, Upper, Leaves, _frames, Kernel, Levels) = (memory, new BankCursor(memory), new BankCursor(memory), frames, kernel, levels);
        Root = frames.Allocate(PhysicalMemory.FrameSize);
    }

    /// <summary>Address of the top table.</summary>
    public ulong Root { get; private protected set; }

    /// <summary>Levels; 0 once the table is freed.</summary>
    public int Levels { get; private protected set; }

    /// <inheritdoc/>
    public abstract ulong PageSizeBitmap { get; }

    /// <inheritdoc/>
    public abstract int InputBits { get; }

    private protected PhysicalMemory Memory { get; }

    private protected KernelVersion Kernel { get; }

    /// <inheritdoc/>
    public abstract MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather);

    /// <inheritdoc/>
    public abstract ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather);

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        if (FindEntry(iova, out var size) is not { } slot)
            return null;
        var entry = Upper.Read64(slot);
        return (entry & AmdTables.Present) != 0 ? (entry & AmdTables.AddressMask & ~(size - 1)) | (iova & (size - 1)) : null;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        if (Levels > 0)
            FreeTree(Root, Levels, _frames.Free);
        Levels = 0;
    }

    // PAGE_SIZE_PTE_COUNT: the entries that hold a page, 1 where it is as large as a level's entry covers.
    private protected static ulong CopiesOf(ulong pageSize) => pageSize == PhysicalMemory.FrameSize
        ? 1
        : 1UL << ((BitOperations.TrailingZeroCount(pageSize) - AmdTables.PageShift) % AmdTables.IndexBits);

    private protected static ulong Slot(ulong table, int level, ulong iova) => AmdTables.Slot(table, AmdTables.Shift(level), iova);

    // fetch_pte: the entry that translates an address, of several copies the first.
    private protected abstract ulong? FindEntry(ulong iova, out ulong size);

    // Whether an entry points to a table.
    private protected abstract bool IsTable(ulong entry);

    // alloc_pte, v2_alloc_pte: the entry that a page goes to, with the tables above it; null without memory or where a level would be skipped.
    private protected abstract ulong? MakeEntry(ulong iova, ulong pageSize, InvalidationGather gather, ref bool replaced);

    // Clears an entry that a page is going to take; true when something is replaced by it.
    private protected abstract bool Replace(ulong slot, ulong pageSize, InvalidationGather gather);

    // Maps pages whose leaves begin with the given one, each larger by the page than the one before. Less than all where no entry can be made.
    private protected ulong MapPages(ulong iova, ulong leaf, ulong pageSize, ulong count, ulong copies, InvalidationGather gather, ref bool replaced)
    {
        var left = count;
        while (left > 0 && MakeEntry(iova, pageSize, gather, ref replaced) is { } slot)
        {
            // The pages that go to the same table.
            var here = Math.Min(left, (PhysicalMemory.FrameSize - (slot & (PhysicalMemory.FrameSize - 1))) / (8 * copies));
            left -= here;
            iova += here * pageSize;
            while (here > 0)
            {
                var run = copies == 1 ? Leaves.CountRun64(slot, here, ulong.MaxValue, set: false) : 0;
                if (run == 0)
                {
                    run = 1;
                    for (var i = 0UL; i < copies; i++)
                        replaced |= Replace(slot + (i << 3), pageSize, gather);
                }

                Leaves.Fill64(slot, run * copies, leaf, copies == 1 ? pageSize : 0);
                slot += run * copies << 3;
                leaf += run * pageSize;
                here -= run;
            }
        }

        return (count - left) * pageSize;
    }

    // Clears whole pages until the bytes are reached, whatever page size was asked for.
    private protected ulong ClearPages(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        var size = count << BitOperations.TrailingZeroCount(pageSize);
        var (first, unmapped) = (iova, 0UL);
        while (unmapped < size)
        {
            if (FindEntry(iova, out var found) is not { } slot)
                break;
            Leaves.Fill64(slot, CopiesOf(found), 0, 0);
            iova = (iova & ~(found - 1)) + found;
            unmapped += found;
        }

        if (unmapped > 0)
            gather.AddPage(first, unmapped, pageSize);
        return unmapped;
    }

    // Null without memory.
    private protected ulong? Allocate()
    {
        try
        {
            return _frames.Allocate(PhysicalMemory.FrameSize);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
            return null;
        }
    }

    // free_sub_pt, free_pgtable; the level counts from 1, the lowest.
    private protected void FreeTree(ulong table, int level, Action<ulong, ulong> free)
    {
        for (var slot = table; level > 1 && slot < table + PhysicalMemory.FrameSize; slot += 8)
        {
            var entry = Upper.Read64(slot);
            if (IsTable(entry))
                FreeTree(entry & AmdTables.AddressMask, level - 1, free);
        }

        free(table, PhysicalMemory.FrameSize);
    }
}
