using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>The kernel's writer of LPAE tables, in all flavours.</summary>
/// <remarks>
/// Source: Linux drivers/iommu/io-pgtable-arm.c, 6.1 and 6.12. Both write the same words; they ask for different invalidations: 6.12 asks for the
/// leaf invalidation of an entry that was a table too, and for none when a failed map tears tables down. Oddities kept: a map over tables that
/// then meets a leaf has already torn the tables down; a map or unmap ends at the end of one table with success; write-only becomes read-write
/// at stage 1; a split asks for its invalidations even of a queued gather.
/// </remarks>
public sealed class ArmLpaePageTable : IPageTable
{
    // What a split keeps of the block: permissions and attributes, bits 11:2, XN and DBM. The kernel drops the contiguous hint.
    private const ulong SplitMask = (0x3ffUL << 2) | ArmLpaeEntry.NoExecute | ArmLpaeEntry.PrivilegedNoExecute | ArmLpaeEntry.DirtyModifier;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly int _bitsPerLevel;
    private readonly int _startShift;
    private readonly int _startLevel;
    private readonly bool _wide;
    private readonly bool _synced;
    private readonly bool _mali;
    private BankCursor _upper;
    private BankCursor _leaves;

    private ArmLpaePageTable(PhysicalMemory memory, IFrameAllocator frames, ArmLpaeLayout layout)
    {
        (_memory, _frames, Layout) = (memory, frames, layout);
        _upper = new BankCursor(memory);
        _leaves = new BankCursor(memory);
        _bitsPerLevel = layout.GranuleShift - 3;
        _startLevel = layout.StartLevel;
        _startShift = BitOperations.Log2(layout.BlockSize(_startLevel));
        _wide = layout.GranuleShift == 16;
        _synced = !layout.Config.CoherentWalk;
        _mali = layout.Config.Format == ArmLpaeFormat.Mali;
        Root = frames.Allocate(layout.RootAllocation);
    }

    /// <summary>What the table's configuration came to.</summary>
    public ArmLpaeLayout Layout { get; }

    /// <summary>Address of the first table: TTBR or VTTBR.</summary>
    public ulong Root { get; private set; }

    /// <summary>AS_TRANSTAB of a Mali GPU: address, table mode, read-inner and, when coherent, share-outer.</summary>
    public ulong MaliTranslationTable => Root | 7 | (Config.CoherentWalk ? 0x10UL : 0);

    /// <inheritdoc/>
    public ulong PageSizeBitmap => Config.PageSizeBitmap;

    /// <inheritdoc/>
    public int InputBits => Config.InputBits;

    private ArmLpaeConfig Config => Layout.Config;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">Where it lives.</param>
    /// <param name="frames">Gives its table pages.</param>
    /// <param name="config">What is asked for.</param>
    /// <returns>The table, or null when the format refuses the configuration.</returns>
    public static ArmLpaePageTable? Create(PhysicalMemory memory, IFrameAllocator frames, ArmLpaeConfig config)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        return ArmLpaeLayout.Settle(config) is { } layout ? new ArmLpaePageTable(memory, frames, layout) : null;
    }

    /// <inheritdoc/>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        if (pageSize == 0 || (pageSize & PageSizeBitmap) != pageSize)
            return new MapResult(Errno.EINVAL, 0, Warnings: 1);
        if (!Layout.InRange(iova) || physical >> Config.OutputBits != 0)
            return new MapResult(Errno.ERANGE, 0, Warnings: 1);
        if ((protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);
        return MapPages(iova, physical, pageSize, Config.OnePageAtATime ? 1 : count, LeafAttributes(protection), gather);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        if (pageSize == 0 || (pageSize & PageSizeBitmap) != pageSize || count == 0 || !Layout.InRange(iova))
            return 0;
        return UnmapAt(Root, Layout.StartLevel, iova, pageSize, Config.OnePageAtATime ? 1 : count, gather, askPages: true);
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        var table = Root;
        for (var level = Layout.StartLevel; level < ArmLpaeLayout.MaxLevels; level++)
        {
            var entry = _memory.Read64(table + (8 * Layout.Index(iova, level)));
            if (entry == 0)
                return null;
            if (IsLeaf(entry, level))
                return AddressOf(entry) | (iova & (Layout.BlockSize(level) - 1));
            table = AddressOf(entry);
        }

        return null;
    }

    /// <summary>Lists the pages that were written to and, unless told otherwise, marks them clean again (read_and_clear_dirty, Linux 6.12).</summary>
    /// <param name="iova">First address.</param>
    /// <param name="size">Bytes, at least 1.</param>
    /// <param name="clear">Whether to mark them clean.</param>
    /// <param name="dirty">Receives the pages in address order; also those before an address where nothing is mapped, which are marked too.</param>
    /// <returns>EINVAL: not a 64-bit stage-1 table, the range is empty or beyond the input size, or nothing is mapped at one of its addresses.</returns>
    public Errno ReadDirty(ulong iova, ulong size, bool clear, ICollection<(ulong Iova, ulong Size)> dirty)
    {
        ArgumentNullException.ThrowIfNull(dirty);
        if (Config.Format != ArmLpaeFormat.Arm64Stage1 || size == 0 || (iova + size - 1) >> InputBits != 0)
            return Errno.EINVAL;
        for (var (address, end) = (iova, iova + size); address < end;)
        {
            var (table, level) = (Root, Layout.StartLevel);
            var slot = table + (8 * Layout.Index(address, level));
            var entry = _memory.Read64(slot);
            while (entry != 0 && !IsLeaf(entry, level))
            {
                level++;
                slot = AddressOf(entry) + (8 * Layout.Index(address, level));
                entry = _memory.Read64(slot);
            }

            if (entry == 0)
                return Errno.EINVAL;
            if ((entry & (ArmLpaeEntry.ReadOnly | ArmLpaeEntry.DirtyModifier)) == ArmLpaeEntry.DirtyModifier)
            {
                dirty.Add((address, Layout.BlockSize(level)));
                if (clear)
                    SetReadOnly(slot);
            }

            address += Layout.BlockSize(level);
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        FreeTables(Root, Layout.StartLevel, _frames.Free);
        Root = 0;
    }

    private MapResult MapPages(ulong iova, ulong physical, ulong pageSize, ulong count, ulong attributes, InvalidationGather gather)
    {
        var (table, level, shift) = (Root, _startLevel, _startShift);
        var index = Index(iova, level, shift);
        while (pageSize != 1UL << shift)
        {
            if (level >= ArmLpaeLayout.LastLevel)
                return new MapResult(Errno.EINVAL, 0, Warnings: 1);
            var slot = table + (8 * index);
            var entry = _upper.Read64(slot);
            if (entry == 0)
            {
                if (Allocate() is not { } below)
                    return new MapResult(Errno.ENOMEM, 0);
                InstallTable(slot, below);
                table = below;
            }
            else if (IsLeaf(entry, level))
            {
                return new MapResult(Errno.EEXIST, 0, Warnings: 1);
            }
            else
            {
                table = AddressOf(entry);
            }

            level++;
            shift -= _bitsPerLevel;
            index = Index(iova, level, shift);
        }

        var first = table + (8 * index);
        var entries = Math.Min(count, Layout.EntriesFrom(index));
        if (_leaves.CountRun64(first, entries, mask: 1, set: false) != entries && MakeRoom(table, first, level, iova, entries, gather) is not Errno.None and var errno)
            return new MapResult(errno, 0, Warnings: 1);

        // Where upper address bits move to lower ones, words do not grow evenly.
        var run = (physical + (entries * pageSize)) >> 48 == 0 ? entries : 1;
        for (var i = 0UL; i < entries; i += run)
            _leaves.Fill64(first + (8 * i), run, Leaf(level, physical + (i * pageSize), attributes), pageSize);
        return new MapResult(Errno.None, entries * pageSize);
    }

    private Errno MakeRoom(ulong table, ulong slot, int level, ulong iova, ulong entries, InvalidationGather gather)
    {
        var size = Layout.BlockSize(level);
        for (var i = 0UL; i < entries; i++)
        {
            var entry = _memory.Read64(slot + (8 * i));
            if (IsLeaf(entry, level))
                return Errno.EEXIST;
            // What lies below goes at once, though a later entry of this call may still refuse the whole.
            if ((entry & 3) == ArmLpaeEntry.TypeTableOrPage && UnmapAt(table, level, iova + (i * size), size, 1, gather, askPages: false) != size)
                return Errno.EINVAL;
        }

        return Errno.None;
    }

    private ulong Leaf(int level, ulong physical, ulong attributes) =>
        attributes | (level == ArmLpaeLayout.LastLevel && !_mali ? ArmLpaeEntry.TypeTableOrPage : ArmLpaeEntry.TypeBlock) | ArmLpaeEntry.Encode(physical);

    // Null without memory.
    private ulong? Allocate()
    {
        try
        {
            return _frames.Allocate(Layout.TableBytes);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
            return null;
        }
    }

    private void InstallTable(ulong slot, ulong table)
    {
        var entry = ArmLpaeEntry.Encode(table) | ArmLpaeEntry.TypeTableOrPage;
        if ((Config.Quirks & ArmLpaeQuirks.NonSecure) != 0)
            entry |= ArmLpaeEntry.TableNonSecure;
        _memory.Write64(slot, entry);
        if (_synced)
            _memory.Write64(slot, entry | ArmLpaeEntry.SoftwareSynced);
    }

    private ulong UnmapAt(ulong table, int level, ulong iova, ulong pageSize, ulong count, InvalidationGather gather, bool askPages)
    {
        for (var shift = _startShift - ((level - _startLevel) * _bitsPerLevel); level < ArmLpaeLayout.MaxLevels; level++, shift -= _bitsPerLevel)
        {
            var index = Index(iova, level, shift);
            var slot = table + (8 * index);
            var entry = level == ArmLpaeLayout.LastLevel ? _leaves.Read64(slot) : _upper.Read64(slot);
            if (entry == 0)
                return 0;
            if (pageSize == 1UL << shift)
                return ClearEntries(slot, level, iova, pageSize, Math.Min(count, Layout.EntriesFrom(index)), gather, askPages);
            if (IsLeaf(entry, level))
                return Split(slot, entry, level + 1, iova, pageSize, count, gather, askPages);
            table = AddressOf(entry);
        }

        return 0;
    }

    private ulong ClearEntries(ulong slot, int level, ulong iova, ulong pageSize, ulong entries, InvalidationGather gather, bool askPages)
    {
        var cleared = 0UL;
        while (cleared < entries)
        {
            var entry = _leaves.Read64(slot + (8 * cleared));
            if (entry == 0)
                break;
            _leaves.Write64(slot + (8 * cleared), 0);
            var address = iova + (cleared * pageSize);
            if (!IsLeaf(entry, level))
            {
                gather.AddWalk(address, pageSize, Layout.TableBytes);
                // Freed at once where the invalidation is done: the next table of this call may get the same page.
                FreeTables(AddressOf(entry), level + 1, gather.InvalidateWalk == null ? gather.AddFreedTable : _frames.Free);
            }
            else if (askPages && Config.Kernel == KernelVersion.Linux61)
            {
                gather.AddPage(address, pageSize, pageSize);
            }

            cleared++;
        }

        if (askPages && Config.Kernel != KernelVersion.Linux61 && cleared > 0)
            gather.AddPage(iova, cleared * pageSize, pageSize);
        return cleared * pageSize;
    }

    // arm_lpae_split_blk_unmap: a table in place of the block, which maps all of it but the part that goes.
    private ulong Split(ulong slot, ulong block, int level, ulong iova, ulong pageSize, ulong count, InvalidationGather gather, bool askPages)
    {
        if (level >= ArmLpaeLayout.MaxLevels)
            return 0;
        if (Allocate() is not { } table)
            return 0;
        var size = Layout.BlockSize(level);
        var first = Layout.Index(iova, level);
        var gone = pageSize == size ? Math.Min(count, Layout.EntriesFrom(first)) : 0;
        var physical = AddressOf(block);
        for (var i = 0UL; i < Layout.EntriesPerTable; i++)
        {
            if (i < first || i >= first + gone)
                _memory.Write64(table + (8 * i), Leaf(level, physical + (i * size), block & SplitMask));
        }

        InstallTable(slot, table);
        if (gone == 0)
            return UnmapAt(table, level, iova, pageSize, count, gather, askPages);
        gather.AddPageAlways(iova, gone * size, size);
        return gone * size;
    }

    private void FreeTables(ulong table, int level, Action<ulong, ulong> free)
    {
        var bytes = level == Layout.StartLevel ? Layout.RootBytes : Layout.TableBytes;
        for (var slot = table; level < ArmLpaeLayout.LastLevel && slot < table + bytes; slot += 8)
        {
            var entry = _memory.Read64(slot);
            if (entry != 0 && !IsLeaf(entry, level))
                FreeTables(AddressOf(entry), level + 1, free);
        }

        free(table, level == Layout.StartLevel ? Layout.RootAllocation : Layout.TableBytes);
    }

    private ulong LeafAttributes(Protection protection)
    {
        var attributes = 0UL;
        var write = (protection & Protection.Write) != 0;
        if (Layout.IsStage1)
        {
            attributes |= ArmLpaeEntry.NotGlobal;
            if (!write)
                attributes |= ArmLpaeEntry.ReadOnly;
            else if ((Config.Quirks & ArmLpaeQuirks.HardwareDirty) != 0)
                attributes |= ArmLpaeEntry.DirtyModifier;
            if ((protection & Protection.Privileged) == 0)
                attributes |= ArmLpaeEntry.Unprivileged;
        }
        else
        {
            attributes |= ((protection & Protection.Read) != 0 ? ArmLpaeEntry.Stage2Read : 0) | (write ? ArmLpaeEntry.Stage2Write : 0);
        }

        var cache = (protection & Protection.Cache) != 0;
        var device = (protection & Protection.Mmio) != 0;
        if (Layout.IsStage2)
            attributes |= (device ? 1UL : cache ? 0xfUL : 5UL) << ArmLpaeEntry.MemoryAttributesShift;
        else
            attributes |= (device ? 2UL : cache ? 1UL : 0UL) << ArmLpaeEntry.AttributeIndexShift;
        attributes |= cache && !_mali ? ArmLpaeEntry.InnerShareable : ArmLpaeEntry.OuterShareable;
        if ((protection & Protection.NoExecute) != 0)
            attributes |= ArmLpaeEntry.NoExecute | ArmLpaeEntry.PrivilegedNoExecute;
        if ((Config.Quirks & ArmLpaeQuirks.NonSecure) != 0)
            attributes |= ArmLpaeEntry.NonSecure;
        if (!_mali)
            attributes |= ArmLpaeEntry.Accessed;
        return attributes;
    }

    private void SetReadOnly(ulong slot)
    {
        var entry = _memory.Read64(slot);
        while (true)
        {
            var found = _memory.CompareExchange64(slot, entry | ArmLpaeEntry.ReadOnly, entry);
            if (found == entry)
                return;
            entry = found;
        }
    }

    private ulong Index(ulong iova, int level, int shift) => (iova >> shift) & ((1UL << (level == _startLevel ? Layout.RootIndexBits : _bitsPerLevel)) - 1);

    private bool IsLeaf(ulong entry, int level) =>
        (entry & 3) == (level == ArmLpaeLayout.LastLevel && !_mali ? ArmLpaeEntry.TypeTableOrPage : ArmLpaeEntry.TypeBlock);

    private ulong AddressOf(ulong entry) => _wide ? new ArmLpaeEntry(entry).WideAddress : new ArmLpaeEntry(entry).Address;
}
