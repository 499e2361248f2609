using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>What the kernel does alike to host (v1) and guest (v2) tables: the loop of an unmap, look-up, and freeing. Large pages are never split.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/io_pgtable.c and io_pgtable_v2.c.</remarks>
public abstract class AmdPageTable : IPageTable
{
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
        (Memory, _frames, Kernel, Levels) = (memory, frames, kernel, levels);
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
        var entry = Memory.Read64(slot);
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
    private protected static ulong CopiesOf(ulong pageSize) => 1UL << ((BitOperations.TrailingZeroCount(pageSize) - AmdTables.PageShift) % AmdTables.IndexBits);

    private protected static ulong Slot(ulong table, int level, ulong iova) => AmdTables.Slot(table, AmdTables.Shift(level), iova);

    // fetch_pte: the entry that translates an address, of several copies the first.
    private protected abstract ulong? FindEntry(ulong iova, out ulong size);

    // Whether an entry points to a table.
    private protected abstract bool IsTable(ulong entry);

    // Clears whole pages until the bytes are reached, whatever page size was asked for.
    private protected ulong ClearPages(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        var size = count << BitOperations.TrailingZeroCount(pageSize);
        var (first, unmapped) = (iova, 0UL);
        while (unmapped < size)
        {
            if (FindEntry(iova, out var found) is not { } slot)
                break;
            for (var i = 0UL; i < CopiesOf(found); i++)
                Memory.Write64(slot + (i << 3), 0);
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
            var entry = Memory.Read64(slot);
            if (IsTable(entry))
                FreeTree(entry & AmdTables.AddressMask, level - 1, free);
        }

        free(table, PhysicalMemory.FrameSize);
    }
}
