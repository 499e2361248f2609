using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A user of an address space that is no device: the CPU reads, writes and pins what is mapped there (IOMMUFD_OBJ_ACCESS).</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/device.c, iommufd_access_*.</remarks>
public sealed class Access : IommufdObject
{
    private readonly Action<Access, IovaRange>? _unmap;
    private readonly List<AccessPin> _pins = [];
    private Ioas? _ioas;
    private bool _attached;

    internal Access(IommufdContext context, Action<Access, IovaRange>? unmap)
        : base(context)
    {
        _unmap = unmap;
        Users = 1;
    }

    /// <summary>The address space.</summary>
    public Ioas? Ioas => _attached ? _ioas : null;

    /// <summary>What addresses of pins are multiples of; 1 for an access that does not pin.</summary>
    internal ulong Alignment => _unmap == null ? 1 : IoPages.PageSize;

    /// <summary>Chooses the address space.</summary>
    /// <returns>EINVAL: it has one. ENOENT: no such IOAS. EADDRINUSE: mappings there are no multiples of pages.</returns>
    public Errno Attach(int ioasId) => _attached ? Errno.EINVAL : Change(ioasId);

    /// <summary>Chooses another; the pins in the old one are asked back.</summary>
    /// <returns>ENOENT: it has none, or no such IOAS. EADDRINUSE as for <see cref="Attach"/>; then nothing changes.</returns>
    public Errno Replace(int ioasId) => _attached ? Change(ioasId) : Errno.ENOENT;

    /// <summary>Leaves the address space; pins are asked back.</summary>
    public void Detach() => Change(null);

    /// <summary>Pins memory.</summary>
    /// <param name="range">What to pin.</param>
    /// <param name="write">Whether it will be written.</param>
    /// <param name="memory">Where it lies, in order.</param>
    /// <returns>EINVAL: the access cannot pin, pages would be cut, or an unmap is waiting. ENOENT: no address space, or not all is mapped. EPERM: read-only.
    /// EFAULT: a page is missing.</returns>
    public Errno Pin(IovaRange range, bool write, out IReadOnlyList<PhysicalRange> memory)
    {
        memory = [];
        if (_unmap == null)
            return Errno.EINVAL;
        if (Ioas?.Pagetable.Covering(range) is not { } areas)
            return Errno.ENOENT;
        if (areas.Any(area => area.PreventAccess || !IsWholePages(area, range)))
            return Errno.EINVAL;
        var pinned = new AccessPin(range);
        foreach (var area in areas)
        {
            PagePin? pin = null;
            var refused = write && !area.Pages.Writable ? Errno.EPERM : PinPart(area, range, out pin);
            if (refused != Errno.None)
            {
                pinned.Release();
                return refused;
            }

            pinned.Add(area, pin!);
        }

        _pins.Add(pinned);
        memory = [.. pinned.Memory];
        return Errno.None;
    }

    /// <summary>Lets pinned memory go.</summary>
    /// <returns>ENOENT: it is not pinned, or was let go already.</returns>
    public Errno Unpin(IovaRange range)
    {
        var pinned = _pins.Find(pinned => pinned.Range == range);
        if (pinned == null)
            return Errno.ENOENT;
        pinned.Release();
        _pins.Remove(pinned);
        return Errno.None;
    }

    /// <summary>Reads.</summary>
    /// <param name="iova">First address, of any alignment.</param>
    /// <param name="data">Receives the bytes.</param>
    /// <returns>EINVAL: no length. EOVERFLOW: the range wraps. ENOENT: no address space, or not all is mapped. EBUSY: an unmap is waiting. EFAULT: a page is
    /// missing.</returns>
    public Errno Read(ulong iova, Span<byte> data)
    {
        var refused = Locate(iova, data.Length, write: false, out var memory);
        foreach (var part in memory)
        {
            if (!Context.Memory.Read(part.Address, data[..(int)part.Length]))
                return Errno.EFAULT;
            data = data[(int)part.Length..];
        }

        return refused;
    }

    /// <summary>Writes; errors as of <see cref="Read"/>, and EPERM: read-only.</summary>
    public Errno Write(ulong iova, ReadOnlySpan<byte> data)
    {
        var refused = Locate(iova, data.Length, write: true, out var memory);
        foreach (var part in memory)
        {
            if (!Context.Memory.Write(part.Address, data[..(int)part.Length]))
                return Errno.EFAULT;
            data = data[(int)part.Length..];
        }

        return refused;
    }

    /// <summary>The driver behind the access is done with it: it leaves its address space and is gone.</summary>
    public void Destroy()
    {
        Detach();
        Users = 0;
        _ = Context.Remove(this);
    }

    /// <summary>Asks for pins in a range back.</summary>
    internal void NotifyUnmap(IovaRange range) => _unmap?.Invoke(this, range);

    private static bool IsWholePages(IoArea area, IovaRange range) =>
        (area.Range.First <= range.First || area.Pages.PageOffset(area.Start) == 0)
        && (area.Range.Last >= range.Last || area.Pages.PageOffset(area.Start + area.Range.Length) == 0);

    private static Errno PinPart(IoArea area, IovaRange range, out PagePin? pin)
    {
        var part = area.Slice(range);
        return part.Pages.Pin(part.Start, part.Length, out pin);
    }

    private Errno Locate(ulong iova, int length, bool write, out IReadOnlyList<PhysicalRange> memory)
    {
        memory = [];
        if (length == 0)
            return Errno.EINVAL;
        var range = new IovaRange(iova, iova + (ulong)(length - 1));
        if (range.Last < range.First)
            return Errno.EOVERFLOW;
        if (Ioas?.Pagetable.Covering(range) is not { } areas)
            return Errno.ENOENT;
        if (areas.Any(area => area.PreventAccess))
            return Errno.EBUSY;
        if (write && areas.Any(area => !area.Pages.Writable))
            return Errno.EPERM;
        var parts = areas.Select(area => area.Slice(range)).Select(part => part.Pages.Resolve(part.Start, part.Length)).ToList();
        if (parts.Contains(null))
            return Errno.EFAULT;
        memory = [.. parts.SelectMany(part => part!)];
        return Errno.None;
    }

    private Errno Change(int? ioasId)
    {
        var next = ioasId is { } id ? Context.Find<Ioas>(id) : null;
        if (ioasId != null && next == null)
            return Errno.ENOENT;
        if (next == _ioas)
            return Errno.None;
        var refused = next?.Pagetable.AddAccess(this) ?? Errno.None;
        if (refused != Errno.None)
            return refused;

        // No new pins while the old ones are asked back.
        _attached = false;
        if (_ioas != null)
        {
            NotifyUnmap(IovaRange.All);
            _ioas.Pagetable.RemoveAccess(this);
            _ioas.Users--;
        }

        if (next != null)
            next.Users++;
        (_ioas, _attached) = (next, next != null);
        return Errno.None;
    }
}
