namespace Emulator.Hardware.DmaApi;

/// <summary>Where the segments of a scatter list lie in the one range of addresses that the list gets.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/dma-iommu.c, iommu_dma_map_sg and __finalise_sg; 6.12 is the same. The range begins at a multiple of its size rounded up, so
/// lengths alone
/// decide where boundaries are.</remarks>
/// <param name="granule">Bytes of a page.</param>
/// <param name="boundary">No segment crosses a multiple of this plus 1.</param>
/// <param name="longest">The longest segment that is put together, in bytes.</param>
internal readonly struct ScatterLayout(ulong granule, ulong boundary, ulong longest)
{
    /// <summary>The bytes that the whole list takes.</summary>
    public ulong Length(ReadOnlySpan<ScatterSegment> segments)
    {
        var length = 0UL;
        for (var i = 0; i < segments.Length; i++)
            length += Length(segments, i, length);
        return length;
    }

    /// <summary>The bytes that one segment takes: whole pages, and up to the next boundary if the segment after it would cross that.</summary>
    /// <param name="segments">The list.</param>
    /// <param name="index">Which segment.</param>
    /// <param name="before">The bytes that those before it take.</param>
    public ulong Length(ReadOnlySpan<ScatterSegment> segments, int index, ulong before)
    {
        var length = Pages(segments[index]);
        if (index + 1 == segments.Length)
            return length;
        var padding = (boundary - (before + length) + 1) & boundary;
        return padding != 0 && padding < Pages(segments[index + 1]) - 1 ? length + padding : length;
    }

    /// <summary>Puts segments together that follow each other: the next one begins with its page, not at a boundary, the one before fills its pages, and the sum is not
    /// too long.</summary>
    /// <param name="segments">The list.</param>
    /// <param name="address">The first address of the range.</param>
    /// <param name="mapped">Receives the segments; as long as the list at least.</param>
    /// <returns>How many there are.</returns>
    public int Merge(ReadOnlySpan<ScatterSegment> segments, ulong address, Span<DmaSegment> mapped)
    {
        var (count, length, before) = (0, 0UL, 0UL);
        for (var i = 0; i < segments.Length; i++)
        {
            var offset = Offset(segments[i]);
            var taken = Length(segments, i, before);
            var own = segments[i].Length;
            if (length != 0 && offset == 0 && ((address + before) & boundary) != 0 && longest - length >= own && longest >= length)
            {
                length += own;
                mapped[count - 1] = mapped[count - 1] with { Length = length };
            }
            else
            {
                length = own;
                mapped[count++] = new DmaSegment(address + before + offset, length);
            }

            before += taken;
            if (own + offset < taken)
                length = 0;
        }

        return count;
    }

    private ulong Offset(ScatterSegment segment) => segment.Physical & (granule - 1);

    private ulong Pages(ScatterSegment segment) => (Offset(segment) + segment.Length + granule - 1) & ~(granule - 1);
}
