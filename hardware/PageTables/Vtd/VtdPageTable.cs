using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Vtd;

/// <summary>
/// The software side of VT-d's tables, second and first level, as the kernel's driver writes them - with what is odd in it: bit 0 is set in every
/// leaf, mapping over a leaf warns and leaves it, an unmap of nothing reports a whole level.
/// </summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/intel/iommu.c: pfn_to_dma_pte, __domain_mapping, intel_iommu_map_pages, intel_iommu_unmap,
/// domain_unmap, intel_iommu_iova_to_phys. One writer.</remarks>
public sealed class VtdPageTable : IPageTable
{
    private const ulong PageSize = VtdEntry.TableSize;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly VtdTableClearing _clearing;
    private readonly ulong _tableBits;
    private VtdPageTableOptions _options;
    private BankCursor _upper;
    private BankCursor _leaves;
    private int _warnings;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">The memory that the silicon walks.</param>
    /// <param name="frames">Where tables come from.</param>
    /// <param name="options">Format, width, kernel.</param>
    public VtdPageTable(PhysicalMemory memory, IFrameAllocator frames, VtdPageTableOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Levels, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Levels, 5);
        (_memory, _frames, _upper, _leaves, _options) = (memory, frames, new BankCursor(memory), new BankCursor(memory), options);
        _clearing = new VtdTableClearing(memory, frames);
        var nonLeaf = VtdEntry.Read | VtdEntry.Write;
        if (options.FirstLevel)
            nonLeaf |= VtdEntry.User | VtdEntry.Accessed | ExecuteDisable;
        _tableBits = nonLeaf;
        Root = frames.Allocate(PageSize);
    }

    /// <summary>The top table; 0 once an unmap of the whole width or <see cref="Free"/> has given it back.</summary>
    public ulong Root { get; private set; }

    /// <summary>Format, width, kernel.</summary>
    public VtdPageTableOptions Options => _options;

    /// <inheritdoc/>
    public ulong PageSizeBitmap => _options.Superpages switch
    {
        0 => 0x1000,
        1 => 0x20_1000,
        _ => 0x4020_1000,
    };

    /// <summary>Bits of input address that a device can use: the first level's upper half needs sign-extended addresses, so it loses the top bit.</summary>
    /// <remarks>Source: Linux 6.1 intel/iommu.c, the aperture end of a first-level domain. Map calls are checked against the whole width, as in the kernel.</remarks>
    public int InputBits => _options.FirstLevel ? _options.Width - 1 : _options.Width;

    // 6.1 sets XD in every first-level entry, 6.12 does not.
    private ulong ExecuteDisable => _options.Kernel == KernelVersion.Linux61 ? VtdEntry.ExecuteDisable : 0;

    private ulong LastFrame => (1UL << (_options.Width - 12)) - 1;

    /// <summary>Lowers the top of the table to a number of levels, for a unit that walks no more: what the first entry of each level above points to
    /// becomes the top (prepare_domain_attach_device). Does nothing to a table that is not higher.</summary>
    /// <returns>False when something is mapped beyond the width that is left.</returns>
    public bool LowerLevels(int levels)
    {
        if (_options.Levels > levels && HasEntriesBeyond(levels))
            return false;
        while (_options.Levels > levels)
        {
            var first = Entry(Root);
            if (first.IsPresent)
            {
                _frames.Free(Root, PageSize);
                Root = first.Address;
            }

            _options = _options with { Levels = _options.Levels - 1, Width = Math.Min(_options.Width, VtdEntry.Shift(_options.Levels)) };
        }

        return true;
    }

    /// <summary>Finds the table to give to a unit that walks fewer levels, without changing anything (iommu_skip_agaw).</summary>
    /// <param name="most">Levels that the unit walks.</param>
    /// <param name="root">Receives the table.</param>
    /// <param name="levels">Receives its levels.</param>
    /// <returns>False when that table is empty at its first entry: the kernel then refuses the attach.</returns>
    public bool SkipLevels(int most, out ulong root, out int levels)
    {
        root = Root;
        for (levels = _options.Levels; levels > most; levels--)
        {
            root = Entry(root).Address;
            if (!Entry(root).IsPresent)
                return false;
        }

        return true;
    }

    /// <inheritdoc/>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        _warnings = 0;
        if (pageSize is not (0x1000 or 0x20_0000 or 0x4000_0000) || ((iova | physical) & (pageSize - 1)) != 0)
            return new MapResult(Errno.EINVAL, 0);
        var size = pageSize * count;
        if (iova + size > 1UL << _options.Width)
            return new MapResult(Errno.EFAULT, 0);
        var errno = MapFrames(iova >> 12, physical, size >> 12, protection, gather);
        return new MapResult(errno, errno == Errno.None ? size : 0, _warnings);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var size = pageSize * count;
        var level = 0;
        if (FindOrMake(iova >> 12, ref level) == null)
        {
            if (_options.Kernel == KernelVersion.Linux61)
                throw new KernelBugException($"BUG_ON(!pfn_to_dma_pte()) at unmap of 0x{iova:x} (Linux 6.1 intel/iommu.c, intel_iommu_unmap)");
            return 0;
        }

        size = Math.Max(size, 1UL << VtdEntry.Shift(level));
        var (first, last) = (iova >> 12, (iova + size - 1) >> 12);
        if (!Supports(last) || first > last)
        {
            if (_options.Kernel == KernelVersion.Linux61)
                throw new KernelBugException($"BUG_ON(!domain_pfn_supported()) at unmap of 0x{iova:x}+0x{size:x} (Linux 6.1 intel/iommu.c, domain_unmap)");
        }
        else
        {
            _clearing.Unlink(_options.Levels, Root, 0, first, last, gather);
            if (first == 0 && last == LastFrame)
            {
                gather.AddFreedTable(Root, PageSize);
                Root = 0;
            }
        }

        gather.AddPage(iova, size, size);
        return size;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        var level = 0;
        if (FindOrMake(iova >> 12, ref level) is not { } slot)
            return null;
        var entry = Entry(slot);
        return entry.IsPresent ? entry.Address + (iova & ((1UL << VtdEntry.Shift(level)) - 1)) : null;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        if (Root == 0)
            return;
        var gather = new InvalidationGather();
        _clearing.Unlink(_options.Levels, Root, 0, 0, (1UL << (VtdEntry.Shift(_options.Levels + 1) - 12)) - 1, gather);
        foreach (var (address, bytes) in gather.FreedTables)
            _frames.Free(address, bytes);
        _frames.Free(Root, PageSize);
        Root = 0;
    }

    private VtdEntry Entry(ulong slot) => new(_memory.Read64(slot));

    private bool HasEntriesBeyond(int levels)
    {
        var table = Root;
        for (var level = _options.Levels; level > levels; level--)
        {
            for (var slot = table + 8; slot < table + PageSize; slot += 8)
            {
                if (Entry(slot).IsPresent)
                    return true;
            }

            if (!Entry(table).IsPresent)
                return false;
            table = Entry(table).Address;
        }

        return false;
    }

    // domain_pfn_supported: the levels' width, which may be more than the domain's.
    private bool Supports(ulong frame) => frame >> (_options.Levels * 9) == 0;

    // pfn_to_dma_pte: level 0 asks for the entry at which the walk ends and makes no tables.
    private ulong? FindOrMake(ulong frame, ref int target)
    {
        if (!Supports(frame))
            return null;
        if (Root == 0)
            throw new KernelBugException("the domain's top table was unmapped and freed (Linux intel/iommu.c, domain_unmap sets pgd to NULL)");
        var table = Root;
        var level = _options.Levels;
        ulong slot;
        while (true)
        {
            slot = VtdEntry.Slot(table, frame, level);
            if (level == target)
                break;
            var entry = new VtdEntry(level == 1 ? _leaves.Read64(slot) : _upper.Read64(slot));
            if (target == 0 && (entry.IsLargePage || !entry.IsPresent))
                break;
            if (!entry.IsPresent)
            {
                entry = new VtdEntry(_frames.Allocate(PageSize) | _tableBits);
                _memory.CompareExchange64(slot, entry.Raw, 0);
            }

            if (level == 1)
                break;
            table = entry.Address;
            level--;
        }

        if (target == 0)
            target = level;
        return slot;
    }

    private Errno MapFrames(ulong frame, ulong physical, ulong count, Protection protection, InvalidationGather gather)
    {
        if (!Supports(frame + count - 1))
            return Errno.EFAULT;
        if ((protection & (Protection.Read | Protection.Write)) == 0)
            return Errno.EINVAL;
        var value = physical | LeafBits(protection);
        ulong? slot = null;
        var level = 0;
        while (count > 0)
        {
            if (slot == null)
            {
                level = LargestLevel(frame, value >> 12 & (VtdEntry.AddressMask >> 12), count);
                slot = FindOrMake(frame, ref level) ?? throw new InvalidOperationException("checked above");
                if (level > 1)
                {
                    value |= VtdEntry.LargePage;
                    var whole = count & ~(VtdEntry.Frames(level) - 1);
                    var toTableEnd = (PageSize - (slot.Value & (PageSize - 1))) / 8 * VtdEntry.Frames(level);
                    SwitchToSuperpage(frame, frame + Math.Min(whole, toTableEnd) - 1, level, gather);
                }
                else
                {
                    value &= ~VtdEntry.LargePage;
                }
            }

            // To the end of the table or of the call. An entry that is set already stays as it is; the kernel warns.
            var frames = VtdEntry.Frames(level);
            var entries = Math.Min(count / frames, (PageSize - (slot.Value & (PageSize - 1))) / 8);
            var run = _leaves.CountRun64(slot.Value, entries, ulong.MaxValue, set: false);
            _leaves.Fill64(slot.Value, run, value, frames * PageSize);
            if (run < entries)
            {
                run++;
                _warnings++;
            }

            count -= run * frames;
            frame += run * frames;
            value += run * frames * PageSize;
            slot += run * 8;
            if (VtdEntry.IsFirstOfTable(slot.Value) || (level > 1 && count < frames))
                slot = null;
        }

        return Errno.None;
    }

    private ulong LeafBits(Protection protection)
    {
        // Bit 0 is set on every leaf: in the second level it means that a write-only mapping can be read.
        var bits = VtdEntry.Read;
        if ((protection & Protection.Write) != 0)
            bits |= VtdEntry.Write;
        if (_options.SetSnoop)
            bits |= VtdEntry.Snoop;
        if (!_options.FirstLevel)
            return bits;
        bits |= VtdEntry.User | VtdEntry.Accessed | ExecuteDisable;
        return (protection & Protection.Write) != 0 ? bits | VtdEntry.Dirty : bits;
    }

    // hardware_largepage_caps
    private int LargestLevel(ulong frame, ulong physicalFrame, ulong count)
    {
        var merged = frame | physicalFrame;
        var level = 1;
        for (var steps = _options.Superpages; steps > 0 && (merged & (VtdEntry.PerTable - 1)) == 0; steps--)
        {
            count >>= 9;
            if (count == 0)
                break;
            merged >>= 9;
            level++;
        }

        return level;
    }

    // switch_to_super_page: small tables in the way are freed at once, before anything is invalidated.
    private void SwitchToSuperpage(ulong first, ulong last, int level, InvalidationGather gather)
    {
        var frames = VtdEntry.Frames(level);
        for (var frame = first; frame <= last; frame += frames)
        {
            var target = level;
            if (FindOrMake(frame, ref target) is not { } slot || !Entry(slot).IsPresent)
                continue;
            _clearing.ClearLeaves(_options.Levels, Root, frame, frame + frames - 1);
            _clearing.FreeTables(_options.Levels, level + 1, Root, 0, frame, frame + frames - 1);
            gather.AddWalk(frame << 12, frames * PageSize, PageSize);
        }
    }
}
