using System.Numerics;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.PageTables.Dart;

/// <summary>
/// The kernel's page table for Apple's DART: up to four first-level tables, each behind a TTBR of its own, and second-level tables of leaves.
/// A table is one page of the granule; only pages of the granule can be mapped.
/// </summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/io-pgtable-dart.c, which are identical. The input address is never checked: one beyond
/// <see cref="InputBits"/> wraps onto the tables.</remarks>
public sealed class DartPageTable : IPageTable
{
    /// <summary>The most first-level tables (DART_MAX_TABLES).</summary>
    public const int MaxTables = 4;

    private const ulong Granule4K = 1 << 12;
    private const ulong Granule16K = 1 << 14;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly DartFormat _format;
    private readonly DartPageTableOptions _options;
    private readonly int _granuleShift;
    private readonly int _tableShift;
    private readonly ulong _indexMask;
    private readonly ulong _step;
    private readonly int _outputBits;
    private readonly ulong[] _tables;
    private BankCursor _upper;
    private BankCursor _leaves;

    private DartPageTable(PhysicalMemory memory, IFrameAllocator frames, DartFormat format, DartPageTableOptions options, int tableBits)
    {
        (_memory, _upper, _leaves, _frames, _format, _options) = (memory, new BankCursor(memory), new BankCursor(memory), frames, format, options);
        _granuleShift = BitOperations.Log2(options.PageSizeBitmap);
        _tableShift = (2 * _granuleShift) - 3;
        _indexMask = (Granule >> 3) - 1;
        _step = format.EncodeAddress(Granule);
        _outputBits = options.OutputBits;
        _tables = new ulong[1 << tableBits];
        for (var i = 0; i < _tables.Length; i++)
            _tables[i] = frames.Allocate(Granule);
    }

    /// <summary>Addresses of the first-level tables, for TTBR 0, 1, ...</summary>
    public IReadOnlyList<ulong> Tables => _tables;

    /// <inheritdoc/>
    public ulong PageSizeBitmap => _options.PageSizeBitmap;

    /// <inheritdoc/>
    public int InputBits => _options.InputBits;

    private ulong Granule => 1UL << _granuleShift;

    private ulong EntriesPerTable => _indexMask + 1;

    /// <summary>Makes a page table (apple_dart_alloc_pgtable).</summary>
    /// <returns>The table; null where the kernel refuses: a walk that is not coherent, an output size other than 36 or 42 bits, an input size above
    /// the output size or too wide for four tables, a granule other than 4 KiB or 16 KiB.</returns>
    public static DartPageTable? Create(PhysicalMemory memory, IFrameAllocator frames, DartFormat format, DartPageTableOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(options);
        if (!options.CoherentWalk || options.OutputBits is not (36 or 42) || options.InputBits > options.OutputBits
            || options.PageSizeBitmap is not (Granule4K or Granule16K))
        {
            return null;
        }

        var granuleShift = BitOperations.Log2(options.PageSizeBitmap);
        var tableBits = Math.Max(0, options.InputBits - granuleShift - (2 * (granuleShift - 3)));
        return 1 << tableBits > MaxTables ? null : new DartPageTable(memory, frames, format, options, tableBits);
    }

    /// <inheritdoc/>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        if (pageSize != Granule)
            return new MapResult(Errno.EINVAL, 0, 1);
        if (physical >> _outputBits != 0)
            return new MapResult(Errno.ERANGE, 0, 1);
        if ((protection & (Protection.Read | Protection.Write)) == 0)
            return new MapResult(Errno.EINVAL, 0);

        var slot = FirstLevelEntry(iova);
        var table = _upper.Read64(slot);
        if (table == 0)
        {
            table = _format.EncodeAddress(_frames.Allocate(Granule)) | DartFormat.Valid;
            _upper.Write64(slot, table);
        }

        var first = SecondLevelIndex(iova);
        var entry = _format.DecodeAddress(table) + (first * 8);
        var entries = Math.Min(count, EntriesPerTable - first);
        if (_leaves.CountRun64(entry, entries, DartFormat.Valid, set: false) != entries)
            return new MapResult(Errno.EEXIST, 0, 1);

        // Words do not grow evenly where address bits are lost: beyond the output size, which the kernel does not look at, and with pages smaller than the format
        // can tell.
        var run = _step != 0 && (physical + (entries << _granuleShift)) >> _format.OutputBits == 0 ? entries : 1;
        var leaf = _format.Leaf(protection);
        for (var i = 0UL; i < entries; i += run)
            _leaves.Fill64(entry + (i * 8), run, leaf | _format.EncodeAddress(physical + (i << _granuleShift)), _step);
        return new MapResult(Errno.None, entries << _granuleShift);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        if (pageSize != Granule || count == 0)
            return 0;
        var slot = FirstLevelEntry(iova);
        var table = _upper.Read64(slot);
        if (table == 0)
            return 0;
        var first = SecondLevelIndex(iova);
        var entries = Math.Min(count, EntriesPerTable - first);
        var entry = _format.DecodeAddress(table) + (first * 8);
        var run = gather.PagesAtOnce(entries);
        var (done, cleared) = (0UL, 0UL);
        do
        {
            cleared = _leaves.ClearRun64(entry + (done << 3), run);
            if (cleared > 0)
                gather.AddPage(iova + (done << _granuleShift), cleared << _granuleShift, Granule);
            done += cleared;
        }
        while (cleared == run && done < entries);
        return done << _granuleShift;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        if (SecondLevelTable(iova) is not { } table)
            return null;
        var leaf = _memory.Read64(table + (SecondLevelIndex(iova) * 8));
        return leaf == 0 ? null : _format.DecodeAddress(leaf) | (iova & (Granule - 1));
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        foreach (var table in _tables)
        {
            for (var i = 0UL; i < EntriesPerTable; i++)
            {
                var entry = _upper.Read64(table + (i * 8));
                if (entry != 0)
                    _frames.Free(_format.DecodeAddress(entry), Granule);
            }

            _frames.Free(table, Granule);
        }
    }

    private ulong FirstLevelEntry(ulong iova)
    {
        var table = (iova >> (_tableShift + _granuleShift - 3)) & (ulong)(_tables.Length - 1);
        return _tables[table] + (((iova >> _tableShift) & _indexMask) << 3);
    }

    private ulong? SecondLevelTable(ulong iova)
    {
        var entry = _memory.Read64(FirstLevelEntry(iova));
        return entry == 0 ? null : _format.DecodeAddress(entry);
    }

    private ulong SecondLevelIndex(ulong iova) => (iova >> _granuleShift) & _indexMask;
}
