using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Amd;

/// <summary>AMD's guest (v2) page table as Linux writes it for DMA domains: pages of 4 KiB, 2 MiB and 1 GiB; large pages are never split.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/io_pgtable_v2.c.</remarks>
public sealed class AmdV2PageTable : IPageTable
{
    private const ulong Page2M = 1UL << 21;
    private const ulong Page1G = 1UL << 30;
    private const int EntriesPerTable = 512;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly KernelVersion _kernel;
    private bool _freed;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">The memory that holds it.</param>
    /// <param name="frames">Where its pages come from.</param>
    /// <param name="kernel">Whose code is followed.</param>
    /// <param name="levels">4, or with 6.12 also 5.</param>
    public AmdV2PageTable(PhysicalMemory memory, IFrameAllocator frames, KernelVersion kernel, int levels = 4)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        if (levels != 4 && (levels != 5 || kernel == KernelVersion.Linux61))
            throw new ArgumentOutOfRangeException(nameof(levels), levels, $"{kernel} has v2 page tables of 4 levels{(kernel == KernelVersion.Linux61 ? "" : " or 5")}");
        (_memory, _frames, _kernel, Levels) = (memory, frames, kernel, levels);
        Root = frames.Allocate(PhysicalMemory.FrameSize);
    }

    /// <summary>Address of the top table: what the GCR3 table points to.</summary>
    public ulong Root { get; }

    /// <summary>Levels, 4 or 5.</summary>
    public int Levels { get; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => (1UL << 12) | Page2M | Page1G;

    /// <inheritdoc/>
    public int InputBits => 12 + (9 * Levels);

    /// <inheritdoc/>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (!IsPageSize(pageSize))
            return new MapResult(Errno.EINVAL, 0, Warnings: 1);
        if (count == 0 || (protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);
        var (first, replaced, errno) = (iova, false, Errno.None);
        var size = count << BitOperations.TrailingZeroCount(pageSize);
        var mapped = 0UL;
        while (mapped < size)
        {
            if (MakeEntry(iova, LeafLevel(pageSize), gather, ref replaced) is not { } slot)
            {
                errno = _kernel == KernelVersion.Linux61 ? Errno.EINVAL : Errno.ENOMEM;
                break;
            }

            _memory.Write64(slot, AmdV2Entry.Leaf(physical, pageSize != PhysicalMemory.FrameSize, protection).Raw);
            iova += pageSize;
            physical += pageSize;
            mapped += pageSize;
        }

        if (replaced && _kernel == KernelVersion.Linux61 && mapped > pageSize)
            gather.AddAll();
        else if (replaced)
            gather.AddWalk(first, _kernel == KernelVersion.Linux61 ? PhysicalMemory.FrameSize : size, pageSize);
        return new MapResult(errno, mapped);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (!IsPageSize(pageSize) || count == 0)
            return 0;
        var size = count << BitOperations.TrailingZeroCount(pageSize);
        var (first, unmapped) = (iova, 0UL);
        while (unmapped < size)
        {
            if (FindEntry(iova, out var found) is not { } slot)
                break;
            _memory.Write64(slot, 0);
            iova = (iova & ~(found - 1)) + found;
            unmapped += found;
        }

        if (unmapped > 0)
            gather.AddPage(first, unmapped, pageSize);
        return unmapped;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        if (FindEntry(iova, out var size) is not { } slot)
            return null;
        var entry = Read(slot);
        return entry.Present ? (entry.Address & ~(size - 1)) | (iova & (size - 1)) : null;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        if (!_freed)
            FreeTree(Root, Levels, _frames.Free);
        _freed = true;
    }

    private static int LeafLevel(ulong pageSize) => pageSize switch { Page1G => 2, Page2M => 1, _ => 0 };

    private static ulong Slot(ulong table, int level, ulong iova) => table + (((iova >> (12 + (9 * level))) & 0x1ff) << 3);

    private bool IsPageSize(ulong size) => BitOperations.IsPow2(size) && (size & PageSizeBitmap) != 0;

    private AmdV2Entry Read(ulong address) => new(_memory.Read64(address));

    // v2_alloc_pte
    private ulong? MakeEntry(ulong iova, int leafLevel, InvalidationGather gather, ref bool replaced)
    {
        var level = Levels - 1;
        var slot = Slot(Root, level, iova);
        while (level > leafLevel)
        {
            var entry = Read(slot);
            if (entry.Present && entry.Large)
            {
                _memory.Write64(slot, 0);
                replaced = true;
            }
            else if (!entry.Present)
            {
                if (Allocate() is not { } page)
                    return null;
                _memory.Write64(slot, AmdV2Entry.Table(page).Raw);
            }
            else
            {
                level--;
                slot = Slot(entry.Address, level, iova);
            }
        }

        // The kernel takes a present entry for a table pointer here even when it is a leaf of the same size, and frees the data page
        // (io_pgtable_v2.c:190). Freed is only what is a table.
        var old = Read(slot);
        if (old.Present)
        {
            replaced = true;
            _memory.Write64(slot, 0);
            if (leafLevel > 0 && !old.Large)
                FreeTree(old.Address, leafLevel, gather.AddFreedTable);
        }

        return slot;
    }

    private ulong? Allocate()
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

    // free_pgtable; the level counts from 1, the lowest.
    private void FreeTree(ulong table, int level, Action<ulong, ulong> free)
    {
        for (var i = 0UL; level > 1 && i < EntriesPerTable; i++)
        {
            var entry = Read(table + (i << 3));
            if (entry.Present && !entry.Large)
                FreeTree(entry.Address, level - 1, free);
        }

        free(table, PhysicalMemory.FrameSize);
    }

    // fetch_pte
    private ulong? FindEntry(ulong iova, out ulong size)
    {
        size = PhysicalMemory.FrameSize;
        var level = Levels - 1;
        var slot = Slot(Root, level, iova);
        while (level > 0)
        {
            var entry = Read(slot);
            if (!entry.Present)
                return null;
            level--;
            slot = Slot(entry.Address, level, iova);
            if (!Read(slot).Large)
                continue;
            if (level is not (1 or 2))
                return null;
            size = level == 2 ? Page1G : Page2M;
            return slot;
        }

        return slot;
    }
}
