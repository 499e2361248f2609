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
    /// <summary>Levels at most; the last level is 3.</summary>
    public const int MaxLevels = 4;

    /// <summary>First tables that stage 2 puts side by side at most.</summary>
    public const ulong MaxConcatenatedTables = 16;

    private const int LastLevel = MaxLevels - 1;
    private const ulong CpuPage = 4096;

    // What a split keeps of the block: permissions and attributes, bits 11:2, XN and DBM. The kernel drops the contiguous hint.
    private const ulong SplitMask = (0x3ffUL << 2) | ArmLpaeEntry.NoExecute | ArmLpaeEntry.PrivilegedNoExecute | ArmLpaeEntry.DirtyModifier;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly bool _synced;
    private readonly bool _mali;
    private readonly int _bitsPerLevel;

    private ArmLpaePageTable(PhysicalMemory memory, IFrameAllocator frames, ArmLpaeConfig config, ArmLpaeControls controls, int startLevel, int rootBits)
    {
        (_memory, _frames, Config, Controls, StartLevel, RootIndexBits) = (memory, frames, config, controls, startLevel, rootBits);
        _synced = !config.CoherentWalk;
        _mali = config.Format == ArmLpaeFormat.Mali;
        _bitsPerLevel = GranuleShift - 3;
        Root = frames.Allocate(RootAllocation);
    }

    /// <summary>The configuration with sizes cut to what the granule can do.</summary>
    public ArmLpaeConfig Config { get; }

    /// <summary>The fields for TCR or VTCR; of no meaning for Mali.</summary>
    public ArmLpaeControls Controls { get; }

    /// <summary>Address of the first table: TTBR or VTTBR.</summary>
    public ulong Root { get; private set; }

    /// <summary>Bytes of the first table; at stage 2 it may be several side by side.</summary>
    public ulong RootBytes => 8UL << RootIndexBits;

    /// <summary>Level of the first table.</summary>
    public int StartLevel { get; }

    /// <summary>Index bits of the first table, concatenation included.</summary>
    public int RootIndexBits { get; }

    /// <summary>log2 of the smallest page.</summary>
    public int GranuleShift => BitOperations.TrailingZeroCount(Config.PageSizeBitmap);

    /// <summary>MAIR: attribute 0 non-cacheable, 1 write-back, 2 device, 3 outer write-back only. The upper half is ones, since the kernel's constant
    /// for attribute 3 is sign-extended.</summary>
    public static ulong MemoryAttributes => 0xffff_ffff_f404_ff44;

    /// <summary>AS_TRANSTAB of a Mali GPU: address, table mode, read-inner and, when coherent, share-outer.</summary>
    public ulong MaliTranslationTable => Root | 7 | (Config.CoherentWalk ? 0x10UL : 0);

    /// <summary>AS_MEMATTR of a Mali GPU.</summary>
    public static ulong MaliMemoryAttributes => 0x888d88;

    /// <inheritdoc/>
    public ulong PageSizeBitmap => Config.PageSizeBitmap;

    /// <inheritdoc/>
    public int InputBits => Config.InputBits;

    private bool IsStage1 => Config.Format is ArmLpaeFormat.Arm64Stage1 or ArmLpaeFormat.Arm32Stage1;

    // The kernel's allocator gives whole pages.
    private ulong RootAllocation => Math.Max(RootBytes, CpuPage);

    private ulong TableBytes => 1UL << GranuleShift;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">Where it lives.</param>
    /// <param name="frames">Gives its table pages.</param>
    /// <param name="config">What is asked for.</param>
    /// <returns>The table, or null when the format refuses the configuration.</returns>
    public static ArmLpaePageTable? Create(PhysicalMemory memory, IFrameAllocator frames, ArmLpaeConfig config)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(config);
        if (Restrict(config) is not { } settled)
            return null;
        var granuleShift = BitOperations.TrailingZeroCount(settled.PageSizeBitmap);
        var bitsPerLevel = granuleShift - 3;
        var bits = settled.InputBits - granuleShift;
        var levels = (bits + bitsPerLevel - 1) / bitsPerLevel;
        var startLevel = MaxLevels - levels;
        var rootBits = bits - (bitsPerLevel * (levels - 1));
        var stage2 = settled.Format is ArmLpaeFormat.Arm64Stage2 or ArmLpaeFormat.Arm32Stage2;
        if (stage2 && startLevel == 0 && 1UL << rootBits <= MaxConcatenatedTables)
        {
            rootBits += bitsPerLevel;
            startLevel = 1;
        }
        else if (settled.Format == ArmLpaeFormat.Mali && startLevel > 0)
        {
            (startLevel, rootBits) = (0, 0);
        }

        return MakeControls(settled, granuleShift, startLevel, stage2) is { } controls
            ? new ArmLpaePageTable(memory, frames, settled, controls, startLevel, rootBits)
            : null;
    }

    /// <inheritdoc/>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        if (pageSize == 0 || (pageSize & PageSizeBitmap) != pageSize)
            return new MapResult(Errno.EINVAL, 0, Warnings: 1);
        if (!InRange(iova) || physical >> Config.OutputBits != 0)
            return new MapResult(Errno.ERANGE, 0, Warnings: 1);
        if ((protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);
        return MapAt(Root, StartLevel, iova, physical, pageSize, count, LeafAttributes(protection), gather);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        if (pageSize == 0 || (pageSize & PageSizeBitmap) != pageSize || count == 0 || !InRange(iova))
            return 0;
        return UnmapAt(Root, StartLevel, iova, pageSize, count, gather, askPages: true);
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        var table = Root;
        for (var level = StartLevel; level < MaxLevels; level++)
        {
            var entry = _memory.Read64(table + (8 * Index(iova, level)));
            if (entry == 0)
                return null;
            if (IsLeaf(entry, level))
                return AddressOf(entry) | (iova & (BlockSize(level) - 1));
            table = AddressOf(entry);
        }

        return null;
    }

    /// <summary>Lists the pages that were written to and, unless told otherwise, marks them clean again (read_and_clear_dirty, Linux 6.12).</summary>
    /// <param name="iova">First address.</param>
    /// <param name="size">Bytes, at least 1.</param>
    /// <param name="clear">Whether to mark them clean.</param>
    /// <returns>The pages in address order.</returns>
    /// <exception cref="DriverException">EINVAL: not a 64-bit stage-1 table, or the range is empty or beyond the input size.</exception>
    public IReadOnlyList<(ulong Iova, ulong Size)> ReadDirty(ulong iova, ulong size, bool clear)
    {
        if (Config.Format != ArmLpaeFormat.Arm64Stage1 || size == 0 || (iova + size - 1) >> InputBits != 0)
            throw new DriverException(Errno.EINVAL, $"dirty pages of 0x{size:x} bytes at 0x{iova:x} in a {Config.Format} table of {InputBits} bits");
        var dirty = new List<(ulong, ulong)>();
        for (var (address, end) = (iova, iova + size); address < end;)
        {
            var (table, level) = (Root, StartLevel);
            var slot = table + (8 * Index(address, level));
            var entry = _memory.Read64(slot);
            while (entry != 0 && !IsLeaf(entry, level))
            {
                level++;
                slot = AddressOf(entry) + (8 * Index(address, level));
                entry = _memory.Read64(slot);
            }

            if (entry == 0)
                throw new DriverException(Errno.EINVAL, $"nothing is mapped at 0x{address:x}");
            if ((entry & (ArmLpaeEntry.ReadOnly | ArmLpaeEntry.DirtyModifier)) == ArmLpaeEntry.DirtyModifier)
            {
                dirty.Add((address, BlockSize(level)));
                if (clear)
                    SetReadOnly(slot);
            }

            address += BlockSize(level);
        }

        return dirty;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        FreeTables(Root, StartLevel, _frames.Free);
        Root = 0;
    }

    // arm_lpae_restrict_pgsizes and the checks of the alloc functions.
    private static ArmLpaeConfig? Restrict(ArmLpaeConfig config)
    {
        var (bitmap, maxBits) = (config.PageSizeBitmap, 48);
        switch (config.Format)
        {
            case ArmLpaeFormat.Arm32Stage1 when config.InputBits > 32 || config.OutputBits > 40:
            case ArmLpaeFormat.Arm32Stage2 when config.InputBits > 40 || config.OutputBits > 40:
            case ArmLpaeFormat.Mali when config.InputBits > 48 || config.OutputBits > 40:
            case ArmLpaeFormat.Arm64Stage2 or ArmLpaeFormat.Arm32Stage2 or ArmLpaeFormat.Mali when config.Quirks != ArmLpaeQuirks.None:
                return null;
            case ArmLpaeFormat.Arm32Stage1 or ArmLpaeFormat.Arm32Stage2 or ArmLpaeFormat.Mali:
                bitmap &= 0x4020_1000;
                break;
        }

        if (config.Kernel == KernelVersion.Linux61 && (config.Quirks & ArmLpaeQuirks.HardwareDirty) != 0)
            return null;
        var below = bitmap & (CpuPage - 1);
        var above = bitmap & ~(CpuPage - 1);
        var granule = (bitmap & CpuPage) != 0 ? CpuPage
            : below != 0 ? 1UL << (63 - BitOperations.LeadingZeroCount(below))
            : above & (0 - above);
        switch (granule)
        {
            case 1 << 12:
                bitmap &= (1UL << 12) | (1UL << 21) | (1UL << 30);
                break;
            case 1 << 14:
                bitmap &= (1UL << 14) | (1UL << 25);
                break;
            case 1 << 16:
                maxBits = 52;
                bitmap &= (1UL << 16) | (1UL << 29) | (config.OutputBits > 48 ? 1UL << 42 : 0);
                break;
            default:
                return null;
        }

        return config with { PageSizeBitmap = bitmap, InputBits = Math.Min(config.InputBits, maxBits), OutputBits = Math.Min(config.OutputBits, maxBits) };
    }

    private static ArmLpaeControls? MakeControls(ArmLpaeConfig config, int granuleShift, int startLevel, bool stage2)
    {
        if (config.Format == ArmLpaeFormat.Mali)
            return default(ArmLpaeControls);
        var outerWriteBack = (config.Quirks & ArmLpaeQuirks.OuterWriteBack) != 0;
        if (config.CoherentWalk && outerWriteBack)
            return null;
        var outputSize = config.OutputBits switch { 32 => 0, 36 => 1, 40 => 2, 42 => 3, 44 => 4, 48 => 5, 52 => 6, _ => -1 };
        if (outputSize < 0)
            return null;
        var upper = (config.Quirks & ArmLpaeQuirks.UpperHalf) != 0;
        var granule = granuleShift switch { 12 => upper ? 2 : 0, 14 => upper ? 1 : 2, _ => upper ? 3 : 1 };
        var coherent = config.CoherentWalk ? 1 : 0;
        var startField = stage2 ? ~(granuleShift == 12 ? startLevel + 1 : startLevel) & 3 : 0;
        return new ArmLpaeControls(
            (byte)outputSize, (byte)granule, (byte)(2 + coherent), (byte)(outerWriteBack ? 1 : coherent), (byte)coherent, (byte)(64 - config.InputBits), (byte)startField);
    }

    private MapResult MapAt(ulong table, int level, ulong iova, ulong physical, ulong pageSize, ulong count, ulong attributes, InvalidationGather gather)
    {
        var index = Index(iova, level);
        var slot = table + (8 * index);
        if (pageSize == BlockSize(level))
        {
            var entries = Math.Min(count, EntriesFrom(index));
            var result = WriteLeaves(table, slot, level, iova, physical, entries, attributes, gather);
            return result.Errno == Errno.None ? result with { Mapped = entries * pageSize } : result;
        }

        if (level >= LastLevel)
            return new MapResult(Errno.EINVAL, 0, Warnings: 1);
        var entry = _memory.Read64(slot);
        if (entry == 0)
        {
            ulong below;
            try
            {
                below = _frames.Allocate(TableBytes);
            }
            catch (DriverException e) when (e.Errno == Errno.ENOMEM)
            {
                return new MapResult(Errno.ENOMEM, 0);
            }

            InstallTable(slot, below);
            return MapAt(below, level + 1, iova, physical, pageSize, count, attributes, gather);
        }

        if (IsLeaf(entry, level))
            return new MapResult(Errno.EEXIST, 0, Warnings: 1);
        return MapAt(AddressOf(entry), level + 1, iova, physical, pageSize, count, attributes, gather);
    }

    private MapResult WriteLeaves(ulong table, ulong slot, int level, ulong iova, ulong physical, ulong entries, ulong attributes, InvalidationGather gather)
    {
        var size = BlockSize(level);
        for (var i = 0UL; i < entries; i++)
        {
            var entry = _memory.Read64(slot + (8 * i));
            if (IsLeaf(entry, level))
                return new MapResult(Errno.EEXIST, 0, Warnings: 1);
            // What lies below goes at once, though a later entry of this call may still refuse the whole.
            if ((entry & 3) == ArmLpaeEntry.TypeTableOrPage && UnmapAt(table, level, iova + (i * size), size, 1, gather, askPages: false) != size)
                return new MapResult(Errno.EINVAL, 0, Warnings: 1);
        }

        for (var i = 0UL; i < entries; i++)
            WriteLeaf(slot + (8 * i), level, physical + (i * size), attributes);
        return new MapResult(Errno.None, 0);
    }

    private void WriteLeaf(ulong slot, int level, ulong physical, ulong attributes)
    {
        var type = level == LastLevel && !_mali ? ArmLpaeEntry.TypeTableOrPage : ArmLpaeEntry.TypeBlock;
        Store(slot, attributes | type | ArmLpaeEntry.Encode(physical));
    }

    private void InstallTable(ulong slot, ulong table)
    {
        var entry = ArmLpaeEntry.Encode(table) | ArmLpaeEntry.TypeTableOrPage;
        if ((Config.Quirks & ArmLpaeQuirks.NonSecure) != 0)
            entry |= ArmLpaeEntry.TableNonSecure;
        Store(slot, entry);
        if (_synced)
            Store(slot, entry | ArmLpaeEntry.SoftwareSynced);
    }

    private ulong UnmapAt(ulong table, int level, ulong iova, ulong pageSize, ulong count, InvalidationGather gather, bool askPages)
    {
        if (level >= MaxLevels)
            return 0;
        var index = Index(iova, level);
        var slot = table + (8 * index);
        var entry = _memory.Read64(slot);
        if (entry == 0)
            return 0;
        if (pageSize == BlockSize(level))
            return ClearEntries(slot, level, iova, pageSize, Math.Min(count, EntriesFrom(index)), gather, askPages);
        return IsLeaf(entry, level)
            ? Split(slot, entry, level + 1, iova, pageSize, count, gather, askPages)
            : UnmapAt(AddressOf(entry), level + 1, iova, pageSize, count, gather, askPages);
    }

    private ulong ClearEntries(ulong slot, int level, ulong iova, ulong pageSize, ulong entries, InvalidationGather gather, bool askPages)
    {
        var cleared = 0UL;
        while (cleared < entries)
        {
            var entry = _memory.Read64(slot + (8 * cleared));
            if (entry == 0)
                break;
            Store(slot + (8 * cleared), 0);
            var address = iova + (cleared * pageSize);
            if (!IsLeaf(entry, level))
            {
                gather.AddWalk(address, pageSize, TableBytes);
                FreeTables(AddressOf(entry), level + 1, gather.AddFreedTable);
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
        if (level >= MaxLevels)
            return 0;
        ulong table;
        try
        {
            table = _frames.Allocate(TableBytes);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
            return 0;
        }

        var size = BlockSize(level);
        var first = Index(iova, level);
        var gone = pageSize == size ? Math.Min(count, EntriesFrom(first)) : 0;
        var physical = AddressOf(block);
        for (var i = 0UL; i < 1UL << _bitsPerLevel; i++)
        {
            if (i < first || i >= first + gone)
                WriteLeaf(table + (8 * i), level, physical + (i * size), block & SplitMask);
        }

        InstallTable(slot, table);
        if (gone == 0)
            return UnmapAt(table, level, iova, pageSize, count, gather, askPages);
        gather.AddPageAlways(iova, gone * size, size);
        return gone * size;
    }

    private void FreeTables(ulong table, int level, Action<ulong, ulong> free)
    {
        var bytes = level == StartLevel ? RootBytes : TableBytes;
        for (var slot = table; level < LastLevel && slot < table + bytes; slot += 8)
        {
            var entry = _memory.Read64(slot);
            if (entry != 0 && !IsLeaf(entry, level))
                FreeTables(AddressOf(entry), level + 1, free);
        }

        free(table, level == StartLevel ? RootAllocation : TableBytes);
    }

    private ulong LeafAttributes(Protection protection)
    {
        var attributes = 0UL;
        var write = (protection & Protection.Write) != 0;
        if (IsStage1)
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
        if (Config.Format is ArmLpaeFormat.Arm64Stage2 or ArmLpaeFormat.Arm32Stage2)
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

    // Bits above the input size: zeros, or ones for the upper half.
    private bool InRange(ulong iova)
    {
        var above = (long)iova >> InputBits;
        return ((Config.Quirks & ArmLpaeQuirks.UpperHalf) != 0 ? ~above : above) == 0;
    }

    private bool IsLeaf(ulong entry, int level) =>
        (entry & 3) == (level == LastLevel && !_mali ? ArmLpaeEntry.TypeTableOrPage : ArmLpaeEntry.TypeBlock);

    private ulong AddressOf(ulong entry) => GranuleShift == 16 ? new ArmLpaeEntry(entry).WideAddress : new ArmLpaeEntry(entry).Address;

    private ulong BlockSize(int level) => 1UL << Shift(level);

    private int Shift(int level) => GranuleShift + ((LastLevel - level) * _bitsPerLevel);

    private ulong Index(ulong iova, int level) => (iova >> Shift(level)) & ((1UL << (level == StartLevel ? RootIndexBits : _bitsPerLevel)) - 1);

    // To the end of the table; of concatenated first tables each counts for itself.
    private ulong EntriesFrom(ulong index)
    {
        var perTable = 1UL << _bitsPerLevel;
        return perTable - (index & (perTable - 1));
    }

    private void Store(ulong slot, ulong entry) => _memory.Write64(slot, entry);
}
