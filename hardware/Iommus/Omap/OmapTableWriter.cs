using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>The driver's page-table code: one two-level table, given by the address of its root. Protection is nobody's concern: attributes are always 0.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/omap-iommu.c, iopte_alloc to iopgtable_clear_entry_all; 6.12 is the same. An entry that is live is
/// overwritten without a word, and one that is no table but a section is taken for a table when a small page is mapped into it.</remarks>
internal sealed class OmapTableWriter(PhysicalMemory memory, IFrameAllocator frames)
{
    public const ulong RootBytes = 0x4000;

    public const ulong PageSizes = Small | Large | Section | Supersection;

    private const ulong Small = 1 << 12;
    private const ulong Large = 1 << 16;
    private const ulong Section = 1 << 20;
    private const ulong Supersection = 1 << 24;
    private const ulong LeafTableBytes = 0x400;

    // What a block of several entries repeats.
    private const int Copies = 16;

    public ulong AllocateRoot() => frames.Allocate(RootBytes);

    public void FreeRoot(ulong root) => frames.Free(root, RootBytes);

    // iopgtable_store_entry_core. A 64 KiB page gets its table before its alignment is looked at.
    public Errno Store(ulong root, uint address, uint physical, ulong size)
    {
        var leaf = size <= Large ? LeafTable(root, address) : 0;
        if (size != Small && ((address | physical) & (size - 1)) != 0)
            return Errno.EINVAL;
        switch (size)
        {
            case Small:
                memory.Write32(LeafEntry(leaf, address), (physical & ~0xfffu) | 2);
                break;
            case Large:
                Fill(LeafEntry(leaf, address), physical | 1, Copies);
                break;
            case Section:
                memory.Write32(RootEntry(root, address), physical | 2);
                break;
            case Supersection:
                Fill(RootEntry(root, address), physical | (1 << 18) | 2, Copies);
                break;
        }

        return Errno.None;
    }

    // iopgtable_clear_entry_core: bytes of what was cleared. A hole in a table counts as a small page; an empty table is freed.
    public ulong Clear(ulong root, uint address)
    {
        var first = RootEntry(root, address);
        var word = memory.Read32(first);
        if (word == 0)
            return 0;
        if ((word & 3) != 1)
        {
            var super = (word & ((1 << 18) | 2)) == ((1 << 18) | 2);
            Fill(super ? RootEntry(root, address & ~(uint)(Supersection - 1)) : first, 0, super ? Copies : 1);
            return super ? Supersection : Section;
        }

        var leaf = TableAt(word);
        var entry = LeafEntry(leaf, address);
        var large = (memory.Read32(entry) & 1) != 0;
        Fill(large ? LeafEntry(leaf, address & ~(uint)(Large - 1)) : entry, 0, large ? Copies : 1);
        if (IsEmpty(leaf))
        {
            frames.Free(leaf, LeafTableBytes);
            memory.Write32(first, 0);
        }

        return large ? Large : Small;
    }

    // iopgtable_clear_entry_all, without its TLB flush.
    public void ClearAll(ulong root)
    {
        for (var entry = root; entry < root + RootBytes; entry += 4)
        {
            var word = memory.Read32(entry);
            if (word == 0)
                continue;
            if ((word & 3) == 1)
                frames.Free(TableAt(word), LeafTableBytes);
            memory.Write32(entry, 0);
        }
    }

    // iopgtable_lookup_entry and what omap_iommu_iova_to_phys makes of it.
    public ulong? Lookup(ulong root, uint address)
    {
        var word = memory.Read32(RootEntry(root, address));
        var size = (word & 3, word & (1 << 18)) switch { (2, 0) => Section, (2, _) => Supersection, _ => 0UL };
        if ((word & 3) == 1)
        {
            word = memory.Read32(LeafEntry(TableAt(word), address));
            size = (word & 2) != 0 ? Small : (word & 1) != 0 ? Large : 0UL;
        }

        return size == 0 ? null : (word & ~(size - 1)) | (address & (size - 1));
    }

    private static ulong RootEntry(ulong root, uint address) => root + (address >> 20 << 2);

    private static ulong LeafEntry(ulong table, uint address) => table + (((address >> 12) & 0xff) << 2);

    private static ulong TableAt(uint word) => word & ~0x3ffu;

    // iopte_alloc: whatever is not zero is taken for a table.
    private ulong LeafTable(ulong root, uint address)
    {
        var entry = RootEntry(root, address);
        var word = memory.Read32(entry);
        if (word != 0)
            return TableAt(word);
        var table = frames.Allocate(LeafTableBytes);
        memory.Write32(entry, (uint)table | 1);
        return table;
    }

    private bool IsEmpty(ulong table)
    {
        for (var entry = table; entry < table + LeafTableBytes; entry += 4)
        {
            if (memory.Read32(entry) != 0)
                return false;
        }

        return true;
    }

    private void Fill(ulong first, uint word, int count)
    {
        for (var i = 0; i < count; i++)
            memory.Write32(first + (4 * (ulong)i), word);
    }
}
