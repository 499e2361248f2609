using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Finds an input address for a buffer (iopt_alloc_iova): the lowest free one above the first page that is as aligned as the buffer lets large pages
/// be.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/iommufd/io_pagetable.c.</remarks>
internal static class IovaAllocation
{
    private const ulong HugePage = 2 << 20;

    /// <summary>Finds one.</summary>
    /// <param name="address">The buffer's address in the process.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="alignment">The least alignment.</param>
    /// <param name="allowed">Where it may be; empty: anywhere.</param>
    /// <param name="used">Where it may not be.</param>
    /// <param name="iova">The address found.</param>
    /// <returns>EOVERFLOW: the length is half the space. EINVAL: the buffer is less aligned than needed. ENOSPC: nothing is free.</returns>
    public static Errno Find(
        ulong address, ulong length, ulong alignment, IReadOnlyList<IovaRange> allowed, IEnumerable<IovaRange> used, out ulong iova)
    {
        iova = 0;
        if (length >= ulong.MaxValue / 2)
            return Errno.EOVERFLOW;
        var offset = address % IoPages.PageSize;
        var wanted = Math.Min(BitOperations.RoundUpToPowerOf2(length), HugePage);
        if (address != 0)
            wanted = Math.Min(wanted, 1UL << BitOperations.TrailingZeroCount(address));
        if (wanted < alignment)
            return Errno.EINVAL;
        var whole = new IovaRange(IoPages.PageSize, ulong.MaxValue - IoPages.PageSize);
        var spans = allowed.Count == 0 ? [whole] : whole.Without(whole.Without(allowed));
        foreach (var hole in spans.SelectMany(span => span.Without(used)))
        {
            iova = ((hole.First + (wanted - 1)) & ~(wanted - 1)) | offset;
            if (iova >= hole.First && iova < hole.Last && hole.Last - iova >= length - 1)
                return Errno.None;
        }

        return Errno.ENOSPC;
    }
}
