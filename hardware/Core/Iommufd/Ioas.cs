using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>An I/O address space (IOMMUFD_OBJ_IOAS): what its user has mapped is mapped in every HWPT on it, now and later.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/ioas.c.</remarks>
public sealed class Ioas : IommufdObject
{
    private const IoasMapFlags Known = IoasMapFlags.FixedIova | IoasMapFlags.Writeable | IoasMapFlags.Readable;

    internal Ioas(IommufdContext context)
        : base(context)
    {
    }

    /// <summary>What is mapped.</summary>
    internal IoPagetable Pagetable { get; } = new();

    /// <summary>The paging HWPTs, oldest first.</summary>
    internal List<HwptPaging> Hwpts { get; } = [];

    /// <summary>What addresses and lengths must be multiples of, bytes: 1 until a domain or an access needs more.</summary>
    public ulong Alignment => Pagetable.Alignment;

    /// <summary>Whether domains may have pages larger than the CPU's (IOMMU_OPTION_HUGE_PAGES); so it is at first.</summary>
    public bool HugePages => !Pagetable.LargePagesDisabled;

    /// <summary>Maps a buffer (IOMMU_IOAS_MAP). Result: the input address.
    /// -EOPNOTSUPP: unknown flags. -EINVAL: neither readable nor writeable, misaligned, no length, or reserved. -EOVERFLOW: the range wraps. -EEXIST: something is
    /// mapped there.
    /// -ENOSPC: no free address. -EFAULT: a page is missing, or read-only and to be written. Else the error of an attached domain's map. On any error nothing is
    /// mapped.</summary>
    /// <param name="memory">The buffer.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="flags">How.</param>
    /// <param name="iova">The input address, with <see cref="IoasMapFlags.FixedIova"/>.</param>
    /// <param name="offset">First byte of the buffer.</param>
    /// <remarks>A fixed address need not be an allowed one: <see cref="AllowIovas"/> limits what is found automatically (io_pagetable.c, iopt_check_iova).</remarks>
    public IEnumerable<DriverStep> Map(UserMemory memory, ulong length, IoasMapFlags flags, ulong iova = 0, ulong offset = 0)
    {
        ArgumentNullException.ThrowIfNull(memory);
        var refused = Refusal(flags);
        if (refused == Errno.None && (iova == ulong.MaxValue || length == ulong.MaxValue || memory.Address + offset + length < length))
            refused = Errno.EOVERFLOW;
        return refused != Errno.None
            ? [DriverStep.Fail(refused)]
            : Pagetable.Map([new PageSlice(new IoPages(memory, (flags & IoasMapFlags.Writeable) != 0), offset, length)], Requested(flags, iova), Protection(flags));
    }

    /// <summary>Maps what is mapped elsewhere (IOMMU_IOAS_COPY). Result and errors as of <see cref="Map"/>; also -ENOENT: not all of the source is mapped,
    /// -EPERM: writeable, and the source's first mapping was not.</summary>
    /// <param name="source">The other address space, or this one.</param>
    /// <param name="range">What to copy of it.</param>
    /// <param name="flags">How to map.</param>
    /// <param name="iova">The input address, with <see cref="IoasMapFlags.FixedIova"/>.</param>
    public IEnumerable<DriverStep> Copy(Ioas source, IovaRange range, IoasMapFlags flags, ulong iova = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (Refusal(flags) is var refused && refused != Errno.None)
            return [DriverStep.Fail(refused)];
        if (source.Pagetable.Covering(range) is not { } areas)
            return [DriverStep.Fail(Errno.ENOENT)];
        return Pagetable.Map([.. areas.Select(area => area.Slice(range))], Requested(flags, iova), Protection(flags));
    }

    /// <summary>Unmaps whole mappings (IOMMU_IOAS_UNMAP). Result: bytes. -EINVAL: no length. -EOVERFLOW: the range wraps. -ENOENT: nothing is mapped there, or the
    /// range cuts a
    /// mapping. -EDEADLOCK: an access does not let go. Address 0 with length 2^64 - 1 is everything, and no error when that is nothing.</summary>
    public IEnumerable<DriverStep> Unmap(ulong iova, ulong length)
    {
        var all = iova == 0 && length == ulong.MaxValue;
        var range = all ? IovaRange.All : new IovaRange(iova, iova + (length - 1));
        if (length == 0 || range.Last < range.First)
        {
            yield return DriverStep.Fail(length == 0 ? Errno.EINVAL : Errno.EOVERFLOW);
            yield break;
        }

        var call = new DriverCall();
        foreach (var step in call.Run(() => Pagetable.Unmap(range)))
            yield return step;
        yield return call.Result == 0 && !all ? DriverStep.Fail(Errno.ENOENT) : call.Return;
    }

    /// <summary>Says where automatic addresses may come from (IOMMU_IOAS_ALLOW_IOVAS); what is allowed cannot become reserved.</summary>
    /// <param name="ranges">The whole list, instead of the one before; empty: anywhere.</param>
    /// <returns>EINVAL: a range has fewer than two bytes or overlaps another. EADDRINUSE: something there is reserved.</returns>
    public Errno AllowIovas(IReadOnlyList<IovaRange> ranges)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        var overlap = ranges.Where((range, index) => ranges.Skip(index + 1).Any(range.Overlaps));
        return ranges.Any(range => range.First >= range.Last) || overlap.Any() ? Errno.EINVAL : Pagetable.Allow([.. ranges]);
    }

    /// <summary>Tells which addresses can be mapped (IOMMU_IOAS_IOVA_RANGES).</summary>
    /// <param name="ranges">Receives as many as fit.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>EMSGSIZE: they do not fit.</returns>
    public Errno IovaRanges(Span<IovaRange> ranges, out int count)
    {
        IovaRange[] usable = [.. Pagetable.Usable];
        count = usable.Length;
        usable.AsSpan(0, Math.Min(count, ranges.Length)).CopyTo(ranges);
        return count > ranges.Length ? Errno.EMSGSIZE : Errno.None;
    }

    /// <summary>Reserves a range in the user's name, as the kernel's selftest does (IOMMU_TEST_OP_ADD_RESERVED).</summary>
    /// <returns>EADDRINUSE: something is mapped or allowed there.</returns>
    public Errno Reserve(IovaRange range) => Pagetable.Reserve(range, this);

    /// <summary>Chooses the size of pages.</summary>
    /// <param name="value">0: the CPU's; 1: as large as they come.</param>
    /// <returns>EINVAL: another value, or domains have mappings already. EADDRINUSE: a mapping is no multiple of the CPU's page.</returns>
    public Errno SetHugePages(ulong value) => value > 1 ? Errno.EINVAL : Pagetable.SetLargePages(value == 1);

    /// <inheritdoc/>
    internal override IEnumerable<DriverStep> Teardown() => Pagetable.Unmap(IovaRange.All).Where(step => step.Kind != DriverStepKind.Return);

    private static Errno Refusal(IoasMapFlags flags) => (flags & ~Known) != 0 ? Errno.EOPNOTSUPP
        : (flags & (IoasMapFlags.Writeable | IoasMapFlags.Readable)) == 0 ? Errno.EINVAL : Errno.None;

    private static ulong? Requested(IoasMapFlags flags, ulong iova) => (flags & IoasMapFlags.FixedIova) != 0 ? iova : null;

    // What iommufd maps is always cacheable (ioas.c, conv_iommu_prot).
    private static Protection Protection(IoasMapFlags flags) => PageTables.Protection.Cache
        | ((flags & IoasMapFlags.Writeable) != 0 ? PageTables.Protection.Write : 0)
        | ((flags & IoasMapFlags.Readable) != 0 ? PageTables.Protection.Read : 0);
}
