using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>A domain's tables behind the checks of the kernel's map and unmap.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/s390-iommu.c:205-330; 6.12 :672-760. What differs: 6.1 takes pages of any power of two and writes them as 4 KiB entries.</remarks>
public sealed class S390PageTable : IPageTable
{
    private readonly KernelVersion _kernel;

    /// <summary>Makes empty tables.</summary>
    /// <exception cref="DriverException">ENOMEM.</exception>
    public S390PageTable(KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames)
    {
        _kernel = kernel;
        Tables = new S390Tables(memory, frames);
    }

    /// <summary>The tables.</summary>
    public S390Tables Tables { get; }

    /// <summary>What the domain maps: the kernel's own geometry, 6.1: of the first device.</summary>
    public DomainGeometry Aperture { get; internal set; }

    /// <inheritdoc/>
    public ulong PageSizeBitmap => IsLinux61 ? ~(S390Format.PageSize - 1) : S390Format.PageSize;

    /// <inheritdoc/>
    public int InputBits => S390Format.InputBits;

    private bool IsLinux61 => _kernel == KernelVersion.Linux61;

    /// <inheritdoc/>
    /// <remarks>EINVAL without read permission, outside the aperture (in 6.1 its very last page is outside), or, 6.12, for anything but pages of 4 KiB.</remarks>
    public MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather)
    {
        var size = pageSize * count;
        if (!IsLinux61 && (pageSize != S390Format.PageSize || ((iova | physical) & (pageSize - 1)) != 0))
            return new MapResult(Errno.EINVAL, 0);
        if ((protection & Protection.Read) == 0 || !InAperture(iova, size))
            return new MapResult(Errno.EINVAL, 0);
        var warnings = Tables.Warnings;
        var errno = Tables.Validate(iova, physical, size >> S390Format.PageShift, (protection & Protection.Write) != 0);
        return new MapResult(errno, errno == Errno.None ? size : 0, Tables.Warnings - warnings);
    }

    /// <inheritdoc/>
    /// <remarks>6.1 unmaps nothing where the first page is not mapped, or is mapped to address 0.</remarks>
    public ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather)
    {
        ArgumentNullException.ThrowIfNull(gather);
        var size = pageSize * count;
        if ((IsLinux61 && Lookup(iova) == null) || !InAperture(iova, size))
            return 0;
        if (Tables.Invalidate(iova, size >> S390Format.PageShift) != Errno.None)
            return 0;
        gather.AddPage(iova, size, S390Format.PageSize);
        return size;
    }

    /// <inheritdoc/>
    /// <remarks>The kernel's own answer: the frame without the offset in it, and none for the frame at 0.</remarks>
    public ulong? Lookup(ulong iova) => Aperture.Contains(iova) && Tables.FrameOf(iova) is { } frame and not 0 ? frame : null;

    /// <inheritdoc/>
    public void Release(ulong address, ulong bytes) => throw new NotSupportedException("no table is given back before the domain is");

    /// <inheritdoc/>
    public void Free() => Tables.Free();

    // 6.1 compares the first address behind the range with the last one of the aperture (:212).
    private bool InAperture(ulong iova, ulong size) => iova >= Aperture.First && iova + size - (IsLinux61 ? 0UL : 1) <= Aperture.Last;
}
