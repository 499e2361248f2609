using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>The kernel's page table: a directory of 1024 words and page tables of 1024 leaves, 4 KiB each. A page table stays until the domain is freed.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/rockchip-iommu.c:654-903. One call maps or unmaps one block of 4 KiB to 4 MiB, as 4 KiB leaves in one page table, whatever
/// its count. IOVA bits above 31 are cut off. Overwriting is refused with -EADDRINUSE; an unmap clears the valid bit and leaves address and permissions.</remarks>
public sealed class RockchipPageTable : IPageTable
{
    /// <summary>Bytes of a page and of each table (SPAGE_SIZE).</summary>
    public const ulong PageSize = 0x1000;

    private readonly PhysicalMemory _memory;
    private readonly IFrameAllocator _frames;
    private readonly RockchipHardware _hardware;

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">Where it lies.</param>
    /// <param name="frames">Where its pages come from.</param>
    /// <param name="hardware">The version.</param>
    public RockchipPageTable(PhysicalMemory memory, IFrameAllocator frames, RockchipHardware hardware)
    {
        ArgumentNullException.ThrowIfNull(frames);
        (_memory, _frames, _hardware) = (memory, frames, hardware);
        Directory = frames.Allocate(PageSize);
    }

    /// <summary>Address of the directory.</summary>
    public ulong Directory { get; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => 0x007f_f000;

    /// <inheritdoc/>
    public int InputBits => 32;

    /// <inheritdoc/>
    /// <remarks>EADDRINUSE: a page is mapped already; ENOMEM: there is none for the page table.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        var slot = DirectoryEntry(iova);
        var entry = _memory.Read32(slot);
        if ((entry & RockchipHardware.Valid) == 0)
        {
            try
            {
                entry = _hardware.EncodeAddress(_frames.Allocate(PageSize)) | RockchipHardware.Valid;
            }
            catch (DriverException e) when (e.Errno == Errno.ENOMEM)
            {
                return new MapResult(Errno.ENOMEM, 0);
            }

            _memory.Write32(slot, entry);
        }

        var first = Leaf(entry, iova);
        for (var offset = 0UL; offset < pageSize; offset += PageSize)
        {
            var leaf = first + (offset / PageSize * 4);
            if ((_memory.Read32(leaf) & RockchipHardware.Valid) != 0)
            {
                Invalidate(first, offset);
                return new MapResult(Errno.EADDRINUSE, 0);
            }

            _memory.Write32(leaf, _hardware.Leaf(physical + offset, protection));
        }

        return new MapResult(Errno.None, pageSize);
    }

    /// <inheritdoc/>
    /// <remarks>Ends at the first page that is not mapped.</remarks>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var entry = _memory.Read32(DirectoryEntry(iova));
        if ((entry & RockchipHardware.Valid) == 0)
            return 0;
        var unmapped = Invalidate(Leaf(entry, iova), pageSize);
        if (unmapped > 0)
            gather.AddPage(iova, unmapped, PageSize);
        return unmapped;
    }

    /// <inheritdoc/>
    public ulong? Lookup(ulong iova)
    {
        var entry = _memory.Read32(DirectoryEntry(iova));
        if ((entry & RockchipHardware.Valid) == 0)
            return null;
        var leaf = _memory.Read32(Leaf(entry, iova));
        return (leaf & RockchipHardware.Valid) == 0 ? null : _hardware.DecodeAddress(leaf) | (iova & (PageSize - 1));
    }

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => _frames.Free(address, bytes);

    /// <inheritdoc/>
    public void Free()
    {
        for (var slot = Directory; slot < Directory + PageSize; slot += 4)
        {
            var entry = _memory.Read32(slot);
            if ((entry & RockchipHardware.Valid) != 0)
                _frames.Free(_hardware.DecodeAddress(entry), PageSize);
        }

        _frames.Free(Directory, PageSize);
    }

    private ulong DirectoryEntry(ulong iova) => Directory + ((iova >> 22 & 0x3ff) * 4);

    private ulong Leaf(uint entry, ulong iova) => _hardware.DecodeAddress(entry) + ((iova >> 12 & 0x3ff) * 4);

    private ulong Invalidate(ulong firstLeaf, ulong bytes)
    {
        for (var offset = 0UL; offset < bytes; offset += PageSize)
        {
            var leaf = firstLeaf + (offset / PageSize * 4);
            var word = _memory.Read32(leaf);
            if ((word & RockchipHardware.Valid) == 0)
                return offset;
            _memory.Write32(leaf, word & ~RockchipHardware.Valid);
        }

        return bytes;
    }
}
