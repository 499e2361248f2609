using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>The kernel's writer of the two-level table: 16 KiB of directory words (DT), page tables (PT) of 1 KiB, pages of 4 KiB.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/sun50i-iommu.c:592-660. One call does one page, as in the kernel. Page tables are given back by
/// <see cref="FreePageTables"/> only.</remarks>
public sealed class Sun50iPageTable : IPageTable
{
    private const ulong PageSize = 4096;
    private const ulong DirectorySize = 16384;
    private const ulong DirectoryWords = DirectorySize / 4;
    private const ulong PageTableSize = 1024;
    private const uint DirectoryValid = 1;
    private const uint PageValid = 2;

    private readonly KernelVersion _kernel;
    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;

    /// <summary>Makes a table that maps nothing.</summary>
    /// <param name="kernel">Whose behaviour.</param>
    /// <param name="memory">Where the tables are written.</param>
    /// <param name="frames">Where they come from.</param>
    /// <exception cref="DriverException">ENOMEM.</exception>
    public Sun50iPageTable(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(frames);
        (_kernel, _memory, _frames) = (kernel, memory, frames);
        Root = frames.Allocate(DirectorySize);
    }

    /// <summary>Address of the directory.</summary>
    public ulong Root { get; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => PageSize;

    /// <inheritdoc/>
    public int InputBits => 32;

    /// <inheritdoc/>
    /// <remarks>6.1 cuts the output address to 32 bits; 6.12 refuses a wider one with EINVAL. EBUSY: mapped already. ENOMEM.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        if (_kernel == KernelVersion.Linux612 && physical > uint.MaxValue)
            return new MapResult(Errno.EINVAL, 0, 1);
        var word = DirectoryWord(iova);
        if (!IsTable(_memory.Read32(word)))
        {
            try
            {
                _memory.Write32(word, (uint)_frames.Allocate(PageTableSize) | DirectoryValid);
            }
            catch (DriverException e) when (e.Errno == Errno.ENOMEM)
            {
                return new MapResult(Errno.ENOMEM, 0);
            }
        }

        word = PageWord(_memory.Read32(word), iova);
        if ((_memory.Read32(word) & PageValid) != 0)
            return new MapResult(Errno.EBUSY, 0);
        _memory.Write32(word, ((uint)physical & ~0xfffu) | ((uint)AuthorityOf(protection) << 4) | PageValid);
        return new MapResult(Errno.None, PageSize);
    }

    /// <inheritdoc/>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        if (ValidPageWord(iova) is not { } word)
            return 0;
        _memory.Write32(word, 0);
        return PageSize;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova) => ValidPageWord(iova) is { } word ? (_memory.Read32(word) & ~0xfffUL) + (iova & 0xfff) : null;

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <summary>Clears every directory word and gives its page table back (sun50i_iommu_detach_domain, :728).</summary>
    public void FreePageTables()
    {
        for (var index = 0UL; index < DirectoryWords; index++)
        {
            var word = _memory.Read32(Root + (index * 4));
            if (!IsTable(word))
                continue;
            _memory.Write32(Root + (index * 4), 0);
            _frames.Free(word & ~0x3ffu, PageTableSize);
        }
    }

    /// <inheritdoc/>
    /// <remarks>The directory only: the page tables are lost, as in the kernel (sun50i_iommu_domain_free, :702).</remarks>
    public void Free() => _frames.Free(Root, DirectorySize);

    private static bool IsTable(uint word) => (word & 3) == DirectoryValid;

    private static Sun50iAuthority AuthorityOf(Protection protection) => (protection & (Protection.Read | Protection.Write)) switch
    {
        Protection.Read | Protection.Write => Sun50iAuthority.ReadWrite,
        Protection.Read => Sun50iAuthority.Read,
        Protection.Write => Sun50iAuthority.Write,
        _ => Sun50iAuthority.None,
    };

    private static ulong PageWord(uint directoryWord, ulong iova) => (directoryWord & ~0x3ffu) + (((iova >> 12) & 0xff) * 4);

    private ulong DirectoryWord(ulong iova) => Root + (((iova >> 20) & (DirectoryWords - 1)) * 4);

    private ulong? ValidPageWord(ulong iova)
    {
        var directory = _memory.Read32(DirectoryWord(iova));
        if (!IsTable(directory))
            return null;
        var word = PageWord(directory, iova);
        return (_memory.Read32(word) & PageValid) != 0 ? word : null;
    }
}
