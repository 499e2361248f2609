using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>Clears VT-d tables the kernel's three ways: leaves in place, tables freed at once, tables unlinked and freed after the invalidation.</summary>
/// <remarks>Frames are page numbers of the input address; level 1 holds 4 KiB pages. Source: Linux 6.1 drivers/iommu/intel/iommu.c.</remarks>
internal readonly struct VtdTableClearing
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;

    public VtdTableClearing(PhysicalMemory memory, IFrameAllocator frames) => (_memory, _frames) = (memory, frames);

    /// <summary>Clears the leaves of a range, large ones included (dma_pte_clear_range).</summary>
    public void ClearLeaves(int levels, ulong root, ulong frame, ulong last)
    {
        do
        {
            var large = 1;
            if (FindLeaf(levels, root, frame, ref large) is not { } slot)
            {
                var step = VtdEntry.Frames(large + 1);
                frame = (frame + step) & ~(step - 1);
                continue;
            }

            do
            {
                _memory.Write64(slot, 0);
                frame += VtdEntry.Frames(large);
                slot += 8;
            }
            while (frame <= last && !VtdEntry.IsFirstOfTable(slot));
        }
        while (frame != 0 && frame <= last);
    }

    /// <summary>Frees at once the tables below a level that a range covers whole (dma_pte_free_level).</summary>
    public void FreeTables(int level, int retain, ulong table, ulong frame, ulong first, ulong last)
    {
        frame = Math.Max(first, frame);
        var slot = VtdEntry.Slot(table, frame, level);
        do
        {
            var entry = Entry(slot);
            if (entry.IsPresent && !entry.IsLargePage)
            {
                var start = frame & ~(VtdEntry.Frames(level) - 1);
                if (level > 2)
                    FreeTables(level - 1, retain, entry.Address, start, first, last);
                if (level < retain && first <= start && last >= start + VtdEntry.Frames(level) - 1)
                {
                    _memory.Write64(slot, 0);
                    _frames.Free(entry.Address, VtdEntry.TableSize);
                }
            }

            frame += VtdEntry.Frames(level);
            slot += 8;
        }
        while (!VtdEntry.IsFirstOfTable(slot) && frame <= last);
    }

    /// <summary>Clears the entries of a range from the top, and lists the tables that this unlinks (dma_pte_clear_level).</summary>
    public void Unlink(int level, ulong table, ulong frame, ulong first, ulong last, InvalidationGather gather)
    {
        frame = Math.Max(first, frame);
        var slot = VtdEntry.Slot(table, frame, level);
        do
        {
            var start = frame & ~(VtdEntry.Frames(level) - 1);
            var entry = Entry(slot);
            if (entry.IsPresent)
            {
                if (first <= start && last >= start + VtdEntry.Frames(level) - 1)
                {
                    if (level > 1 && !entry.IsLargePage)
                        ListTables(level - 1, entry.Address, gather);
                    _memory.Write64(slot, 0);
                }
                else if (level > 1)
                {
                    Unlink(level - 1, entry.Address, start, first, last, gather);
                }
            }

            frame = start + VtdEntry.Frames(level);
            slot += 8;
        }
        while (!VtdEntry.IsFirstOfTable(slot) && frame <= last);
    }

    // dma_pte_list_pagetables: unlinked tables keep their content until the invalidation is done.
    private void ListTables(int level, ulong table, InvalidationGather gather)
    {
        gather.AddFreedTable(table, VtdEntry.TableSize);
        if (level == 1)
            return;
        for (var slot = table; slot < table + VtdEntry.TableSize; slot += 8)
        {
            var entry = Entry(slot);
            if (entry.IsPresent && !entry.IsLargePage)
                ListTables(level - 1, entry.Address, gather);
        }
    }

    // dma_pfn_level_pte for level 1: the leaf, or the large page in its place.
    private ulong? FindLeaf(int levels, ulong root, ulong frame, ref int large)
    {
        var table = root;
        for (var level = levels; ; level--)
        {
            var slot = VtdEntry.Slot(table, frame, level);
            if (level == 1)
                return slot;
            var entry = Entry(slot);
            if (!entry.IsPresent || entry.IsLargePage)
            {
                large = level;
                return entry.IsPresent ? slot : null;
            }

            table = entry.Address;
        }
    }

    private VtdEntry Entry(ulong slot) => new(_memory.Read64(slot));
}
