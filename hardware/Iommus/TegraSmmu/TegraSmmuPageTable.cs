using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>The kernel's page table for the SMMU: a directory, and tables that come with their first entry and go with their last.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/tegra-smmu.c, as_get_pte, tegra_smmu_pte_put_use, __tegra_smmu_map, __tegra_smmu_unmap; 6.12 is the same. An input address
/// is never checked: one beyond 32 bits wraps onto the tables. A present entry is overwritten without a word. The four parts of a map or unmap are apart, so that the driver can flush
/// between them.</remarks>
public sealed class TegraSmmuPageTable : IPageTable
{
    private const ulong PageBytes = 1UL << TegraSmmuEntry.PageShift;
    private const ulong SectionBytes = 1UL << TegraSmmuEntry.SectionShift;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly int _addressBits;
    private readonly ulong[] _tables = new ulong[TegraSmmuEntry.Entries];
    private readonly int[] _uses = new int[TegraSmmuEntry.Entries];

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">The memory that tables are written to.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="addressBits">Bits of physical address, 32 or 34.</param>
    public TegraSmmuPageTable(PhysicalMemory memory, IFrameAllocator frames, int addressBits)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (_memory, _frames, _addressBits) = (memory, frames, addressBits);
        Directory = frames.Allocate(TegraSmmuEntry.TableBytes);
    }

    /// <summary>Address of the page directory.</summary>
    public ulong Directory { get; }

    /// <summary>Whether the SMMU can reach the directory.</summary>
    public bool IsReachable => Directory >> _addressBits == 0;

    /// <inheritdoc/>
    public ulong PageSizeBitmap => PageBytes;

    /// <inheritdoc/>
    public int InputBits => 32;

    /// <inheritdoc/>
    /// <remarks>One page a call, whatever <paramref name="count"/> says. -ENOMEM without memory for a table, or for one beyond the SMMU's reach.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        if (!HookTable(iova, gather))
            return new MapResult(Errno.ENOMEM, 0);
        SetEntry(iova, physical, protection, gather);
        return new MapResult(Errno.None, PageBytes);
    }

    /// <inheritdoc/>
    /// <remarks>One page a call, whatever <paramref name="count"/> says.</remarks>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        if (!ClearEntry(iova, gather))
            return 0;
        UnhookTable(iova, gather);
        return PageBytes;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        if (_tables[Section(iova)] == 0)
            return null;
        var entry = _memory.Read32(EntryIn(_tables[Section(iova)], iova));
        return entry == 0 ? null : TegraSmmuEntry.Address(entry, _addressBits) | (iova & (PageBytes - 1));
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    /// <remarks>Nothing: the kernel forgets them (tegra_smmu_domain_free).</remarks>
    public void Free()
    {
    }

    /// <summary>Address of the directory's entry of an address.</summary>
    internal ulong DirectoryEntry(ulong iova) => Directory + (4 * Section(iova));

    /// <summary>Address of the table's entry of an address; null when the directory has no table there.</summary>
    internal ulong? TableEntry(ulong iova)
    {
        var entry = _memory.Read32(DirectoryEntry(iova));
        return entry == 0 ? null : EntryIn(TegraSmmuEntry.Address(entry, _addressBits), iova);
    }

    /// <summary>Address of the entry of an address in a table.</summary>
    internal static ulong EntryIn(ulong table, ulong iova) => table + (4 * ((iova >> TegraSmmuEntry.PageShift) & (TegraSmmuEntry.Entries - 1)));

    /// <summary>First address of the section of an address.</summary>
    internal static ulong SectionStart(ulong iova) => iova & ~(SectionBytes - 1);

    /// <summary>Sees to it that the directory has a table for an address.</summary>
    /// <returns>False when there is no memory for a table, or it lies beyond the SMMU's reach; then it was given back.</returns>
    internal bool HookTable(ulong iova, InvalidationGather gather)
    {
        ref var table = ref _tables[Section(iova)];
        if (table != 0)
            return true;
        table = AllocateTable();
        if (table == 0)
            return false;
        WriteDirectory(iova, (uint)(table >> TegraSmmuEntry.PageShift) | TegraSmmuEntry.TableAttributes | TegraSmmuEntry.Next, gather);
        return true;
    }

    /// <summary>Stores an entry; counts it unless there was one.</summary>
    internal void SetEntry(ulong iova, ulong physical, Protection protection, InvalidationGather gather)
    {
        var entry = EntryIn(_tables[Section(iova)], iova);
        if (_memory.Read32(entry) == 0)
            _uses[Section(iova)]++;
        _memory.Write32(entry, TegraSmmuEntry.Leaf(physical, protection));
        gather.AddPage(iova, PageBytes, PageBytes);
    }

    /// <summary>Clears an entry.</summary>
    /// <returns>False when there was none.</returns>
    internal bool ClearEntry(ulong iova, InvalidationGather gather)
    {
        var table = _tables[Section(iova)];
        if (table == 0 || _memory.Read32(EntryIn(table, iova)) == 0)
            return false;
        _memory.Write32(EntryIn(table, iova), 0);
        gather.AddPage(iova, PageBytes, PageBytes);
        return true;
    }

    /// <summary>Takes one entry off the count; with the last one the table leaves the directory, to be freed after the flush.</summary>
    internal void UnhookTable(ulong iova, InvalidationGather gather)
    {
        if (--_uses[Section(iova)] != 0)
            return;
        WriteDirectory(iova, 0, gather);
        gather.AddFreedTable(_tables[Section(iova)], TegraSmmuEntry.TableBytes);
        _tables[Section(iova)] = 0;
    }

    private static ulong Section(ulong iova) => (iova >> TegraSmmuEntry.SectionShift) & (TegraSmmuEntry.Entries - 1);

    // 0 when there is none that the SMMU reaches.
    private ulong AllocateTable()
    {
        try
        {
            var table = _frames.Allocate(TegraSmmuEntry.TableBytes);
            if (table >> _addressBits == 0)
                return table;
            _frames.Free(table, TegraSmmuEntry.TableBytes);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
        }

        return 0;
    }

    private void WriteDirectory(ulong iova, uint entry, InvalidationGather gather)
    {
        _memory.Write32(DirectoryEntry(iova), entry);
        gather.AddWalk(SectionStart(iova), SectionBytes, PageBytes);
    }
}
