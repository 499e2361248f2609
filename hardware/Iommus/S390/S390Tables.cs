using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The kernel's translation tables: a region-third table and what hangs below it. Tables are made on the way to an entry, even to invalidate it, and
/// given back with everything.</summary>
/// <remarks>Source: Linux 6.1 arch/s390/pci/pci_dma.c; 6.12 has the same in drivers/iommu/s390-iommu.c.</remarks>
public sealed class S390Tables
{
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;

    /// <summary>Makes empty tables (dma_alloc_cpu_table).</summary>
    /// <exception cref="DriverException">ENOMEM.</exception>
    public S390Tables(PhysicalMemory memory, IFrameAllocator frames)
    {
        (_memory, _frames) = (memory, frames);
        Root = Allocate(S390Format.TableSize, S390Format.Invalid);
    }

    /// <summary>Origin of the region-third table.</summary>
    public ulong Root { get; }

    /// <summary>Kernel warnings so far: an entry was made valid that was valid, or invalid that was invalid.</summary>
    public int Warnings { get; private set; }

    /// <summary>Makes the entries of consecutive pages valid. What a failed call stored is invalidated again.</summary>
    /// <returns>ENOMEM when a table could not be had.</returns>
    public Errno Validate(ulong iova, ulong physical, ulong pages, bool writable)
    {
        for (var page = 0UL; page < pages; page++)
        {
            if (FindOrMake(iova + (page * S390Format.PageSize)) is not { } entry)
            {
                Invalidate(iova, page);
                return Errno.ENOMEM;
            }

            var old = _memory.ReadBigEndian64(entry);
            Warnings += (old & S390Format.PageInvalid) == 0 ? 1 : 0;
            var frame = (physical + (page * S390Format.PageSize)) & S390Format.Frame;
            var flags = old & ~(S390Format.Frame | S390Format.PageInvalid | S390Format.Protected);
            _memory.WriteBigEndian64(entry, frame | flags | (writable ? 0 : S390Format.Protected));
        }

        return Errno.None;
    }

    /// <summary>Makes the entries of consecutive pages invalid. Their frames stay in them.</summary>
    /// <returns>ENOMEM when a table could not be had.</returns>
    public Errno Invalidate(ulong iova, ulong pages)
    {
        for (var page = 0UL; page < pages; page++)
        {
            if (FindOrMake(iova + (page * S390Format.PageSize)) is not { } entry)
                return Errno.ENOMEM;
            var old = _memory.ReadBigEndian64(entry);
            Warnings += (old & S390Format.PageInvalid) != 0 ? 1 : 0;
            _memory.WriteBigEndian64(entry, (old & ~S390Format.Protected) | S390Format.PageInvalid);
        }

        return Errno.None;
    }

    /// <summary>The frame that a page is mapped to; null when it is not.</summary>
    public ulong? FrameOf(ulong iova)
    {
        var region = _memory.ReadBigEndian64(RegionEntry(iova));
        if ((region & S390Format.Invalid) != 0)
            return null;
        var segment = _memory.ReadBigEndian64(SegmentEntry(region, iova));
        if ((segment & S390Format.Invalid) != 0)
            return null;
        var page = _memory.ReadBigEndian64(PageEntry(segment, iova));
        return (page & S390Format.PageInvalid) != 0 ? null : page & S390Format.Frame;
    }

    /// <summary>Gives everything back (dma_cleanup_tables).</summary>
    public void Free()
    {
        foreach (var region in ValidEntries(Root))
        {
            var segments = region & S390Format.SegmentTableOrigin;
            foreach (var segment in ValidEntries(segments))
                _frames.Free(segment & S390Format.PageTableOrigin, S390Format.PageTableSize);
            _frames.Free(segments, S390Format.TableSize);
        }

        _frames.Free(Root, S390Format.TableSize);
    }

    private static ulong PageEntry(ulong segment, ulong iova) =>
        (segment & S390Format.PageTableOrigin) + (((iova >> S390Format.PageShift) & (S390Format.PageTableEntries - 1)) * 8);

    private static ulong SegmentEntry(ulong region, ulong iova) =>
        (region & S390Format.SegmentTableOrigin) + (((iova >> S390Format.SegmentShift) & (S390Format.TableEntries - 1)) * 8);

    private ulong RegionEntry(ulong iova) => Root + (((iova >> S390Format.RegionShift) & (S390Format.TableEntries - 1)) * 8);

    private IEnumerable<ulong> ValidEntries(ulong table)
    {
        for (var i = 0UL; i < S390Format.TableEntries; i++)
        {
            var entry = _memory.ReadBigEndian64(table + (i * 8));
            if ((entry & S390Format.Invalid) == 0)
                yield return entry;
        }
    }

    // Address of the page-table entry (dma_walk_cpu_trans); null for want of memory.
    private ulong? FindOrMake(ulong iova)
    {
        try
        {
            var region = FindOrMake(RegionEntry(iova), S390Format.TableSize, S390Format.Invalid, S390Format.RegionThirdType | S390Format.FullLength);
            var segment = FindOrMake(SegmentEntry(region, iova), S390Format.PageTableSize, S390Format.PageInvalid, S390Format.SegmentType);
            return PageEntry(segment, iova);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
            return null;
        }
    }

    private ulong FindOrMake(ulong address, ulong bytes, ulong empty, ulong flags)
    {
        var entry = _memory.ReadBigEndian64(address);
        if ((entry & S390Format.Invalid) == 0)
            return entry;
        entry = Allocate(bytes, empty) | flags;
        _memory.WriteBigEndian64(address, entry);
        return entry;
    }

    private ulong Allocate(ulong bytes, ulong empty)
    {
        var table = _frames.Allocate(bytes);
        for (var i = 0UL; i < bytes; i += 8)
            _memory.WriteBigEndian64(table + i, empty);
        return table;
    }
}
