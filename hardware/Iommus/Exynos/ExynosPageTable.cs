using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>
/// The kernel's writer of SysMMU tables: 16 KiB of first-level words, second-level tables of 1 KiB. A first-level word that maps nothing is never 0 but a link to one
/// second-level table of zeros, which all domains share.
/// </summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c, exynos_iommu_map (:1152) and exynos_iommu_unmap (:1208); 6.12 is the same. One call does one page, as in the kernel, whatever count it is given. Input addresses are cut
/// to 32 bits; addresses that are not aligned to their page spill into the other fields, as the real code's do.</remarks>
public sealed class ExynosPageTable : IPageTable
{
    /// <summary>Bytes of a second-level table.</summary>
    public const ulong Level2Size = 1024;

    /// <summary>Bytes that a first-level word maps (SECT_SIZE). A page of any other size goes into a second-level table.</summary>
    public const ulong Section = 1 << 20;

    private const ulong LargePage = 1 << 16;
    private const ulong SmallPage = 1 << 12;
    private const int Level1Words = 4096;
    private const ulong Level1Size = Level1Words * 4;
    private const short Level2Words = 256;
    private const ulong LargePageWords = 16;
    private const uint LinkType = 1;
    private const uint SectionType = 2;
    private const uint LargeType = 1;
    private const uint SmallType = 2;

    // The lv2entcnt array: allocated as in the kernel, kept in _free.
    private const ulong CountersSize = Level1Words * 2;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly int _shift;
    private readonly uint[] _level1Protections;
    private readonly uint[] _level2Protections;
    private readonly uint _zeroLink;
    private readonly ulong _counters;
    private readonly short[] _free = new short[Level1Words];

    /// <summary>Makes a table that maps nothing.</summary>
    /// <param name="memory">Where the tables are written.</param>
    /// <param name="frames">Where they come from.</param>
    /// <param name="shifted">Words of v5 and later.</param>
    /// <param name="zeroTable">The shared second-level table of zeros.</param>
    /// <exception cref="DriverException">ENOMEM.</exception>
    public ExynosPageTable(PhysicalMemory memory, IFrameAllocator frames, bool shifted, ulong zeroTable)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (_memory, _frames, _shift) = (memory, frames, shifted ? 4 : 0);
        // By read and write, as IOMMU_READ and IOMMU_WRITE are numbered. Early words know no write without read.
        _level1Protections = shifted ? [0, 1 << 4, 2 << 4, 3 << 4] : [0, (1 << 15) | (1 << 10), 1 << 10, 1 << 10];
        _level2Protections = shifted ? [0, 1 << 2, 2 << 2, 3 << 2] : [0, (1 << 9) | (1 << 4), 1 << 4, 1 << 4];
        _zeroLink = Link(zeroTable);
        Root = frames.Allocate(Level1Size);
        _counters = frames.Allocate(CountersSize);
        for (var index = 0UL; index < Level1Words; index++)
            memory.Write32(Root + (index * 4), _zeroLink);
    }

    /// <summary>Address of the first-level table.</summary>
    public ulong Root { get; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => Section | LargePage | SmallPage;

    /// <inheritdoc/>
    public int InputBits => 32;

    /// <inheritdoc/>
    /// <remarks>Asks for a walk invalidation where a link to the table of zeros was replaced (see <see cref="PrepareLevel2"/>). EADDRINUSE: something is mapped there.
    /// A section over an emptied second-level table frees that table before the word is stored, and no invalidation follows.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var index = protection & (Protection.Read | Protection.Write);
        if (pageSize == Section)
            return MapSection(iova, Word(physical) | _level1Protections[(int)index] | SectionType);
        var errno = PrepareLevel2(iova, out var zeroLinkReplaced);
        if (zeroLinkReplaced)
            gather.AddWalk(iova, SmallPage, SmallPage);
        if (errno != Errno.None)
            return new MapResult(errno, 0, errno == Errno.EADDRINUSE ? 1 : 0);
        return MapPage(iova, Word(physical) | _level2Protections[(int)index], pageSize);
    }

    /// <summary>Makes sure that there is a second-level table for an address (alloc_lv2entry).</summary>
    /// <param name="iova">The address.</param>
    /// <param name="zeroLinkReplaced">A link to the table of zeros was replaced: a SysMMU that caches first-level words may still have that link.</param>
    /// <returns>The error: EADDRINUSE when a section is mapped, ENOMEM.</returns>
    public Errno PrepareLevel2(ulong iova, out bool zeroLinkReplaced)
    {
        zeroLinkReplaced = false;
        var slot = Level1Slot(iova);
        var word = _memory.Read32(slot);
        if (IsSection(word))
            return Errno.EADDRINUSE;
        if (IsTable(word))
            return Errno.None;
        ulong table;
        try
        {
            table = _frames.Allocate(Level2Size);
        }
        catch (DriverException e) when (e.Errno == Errno.ENOMEM)
        {
            return Errno.ENOMEM;
        }

        _memory.Write32(slot, Link(table));
        _free[Index(iova)] = Level2Words;
        zeroLinkReplaced = word == _zeroLink;
        return Errno.None;
    }

    /// <inheritdoc/>
    /// <remarks>Unmaps one page, of the size that is mapped there. Where nothing is mapped it counts 4 KiB, or without a second-level table all that was asked for, as unmapped,
    /// and asks for the invalidation too. 0: the page is larger than asked for.</remarks>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var size = Clear(iova, pageSize);
        if (size != 0)
            gather.AddPage((uint)iova, size, size);
        return size;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        var word = _memory.Read32(Level1Slot(iova));
        if (IsSection(word))
            return Output(word, iova, Section);
        if (!IsTable(word))
            return null;
        word = _memory.Read32(Level2Slot(word, iova));
        if ((word & 3) == LargeType)
            return Output(word, iova, LargePage);
        return (word & SmallType) != 0 ? Output(word, iova, SmallPage) : null;
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        for (var index = 0UL; index < Level1Words; index++)
        {
            var word = _memory.Read32(Root + (index * 4));
            if (IsTable(word))
                _frames.Free(Table(word), Level2Size);
        }

        _frames.Free(Root, Level1Size);
        _frames.Free(_counters, CountersSize);
    }

    private static bool IsSection(uint word) => (word & 3) == SectionType;

    private static int Index(ulong iova) => (int)((uint)iova >> 20);

    private bool IsTable(uint word) => word != _zeroLink && (word & 3) == LinkType;

    private uint Word(ulong physical) => (uint)(physical >> _shift);

    private uint Link(ulong table) => Word(table) | LinkType;

    private ulong Table(uint link) => (ulong)(link & 0xffffffc0) << _shift;

    private ulong Output(uint word, ulong iova, ulong pageSize) => (((ulong)word << _shift) & ~(pageSize - 1)) + (iova & (pageSize - 1));

    private ulong Level1Slot(ulong iova) => Root + ((ulong)Index(iova) * 4);

    private ulong Level2Slot(uint link, ulong iova) => Table(link) + (((iova >> 12) & 0xff) * 4);

    // lv1set_section. The kernel then asks (6.1 :1078) whether the word is the link to the table of zeros: it never is, it was just stored.
    private MapResult MapSection(ulong iova, uint section)
    {
        var slot = Level1Slot(iova);
        var word = _memory.Read32(slot);
        if (IsSection(word) || (IsTable(word) && _free[Index(iova)] != Level2Words))
            return new MapResult(Errno.EADDRINUSE, 0, 1);
        if (IsTable(word))
        {
            _frames.Free(Table(word), Level2Size);
            _free[Index(iova)] = 0;
        }

        _memory.Write32(slot, section);
        return new MapResult(Errno.None, Section);
    }

    // lv2set_page.
    private MapResult MapPage(ulong iova, uint page, ulong pageSize)
    {
        var slot = Level2Slot(_memory.Read32(Level1Slot(iova)), iova);
        var (type, words) = pageSize == SmallPage ? (SmallType, 1UL) : (LargeType, LargePageWords);
        for (var i = 0UL; i < words; i++)
        {
            if ((_memory.Read32(slot + (i * 4)) & 3) != 0)
            {
                for (var done = 0UL; done < i; done++)
                    _memory.Write32(slot + (done * 4), 0);
                return new MapResult(Errno.EADDRINUSE, 0, 1);
            }

            _memory.Write32(slot + (i * 4), page | type);
        }

        _free[Index(iova)] -= (short)words;
        return new MapResult(Errno.None, pageSize);
    }

    // exynos_iommu_unmap, 6.1 :1208: the bytes that it says to have unmapped.
    private ulong Clear(ulong iova, ulong size)
    {
        var slot = Level1Slot(iova);
        var word = _memory.Read32(slot);
        if (IsSection(word))
        {
            if (size < Section)
                return 0;
            _memory.Write32(slot, _zeroLink);
            return Section;
        }

        if (!IsTable(word))
            return Math.Min(size, Section);
        slot = Level2Slot(word, iova);
        word = _memory.Read32(slot);
        if ((word & 3) == 0)
            return SmallPage;
        var words = (word & SmallType) != 0 ? 1 : LargePageWords;
        if (words == LargePageWords && size < LargePage)
            return 0;
        for (var i = 0UL; i < words; i++)
            _memory.Write32(slot + (i * 4), 0);
        _free[Index(iova)] += (short)words;
        return words * SmallPage;
    }
}
