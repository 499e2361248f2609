using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A mapped range (struct iopt_area): made whole, and removed whole.</summary>
/// <param name="range">The input addresses.</param>
/// <param name="pages">The memory.</param>
/// <param name="start">Its first byte in that memory.</param>
/// <param name="protection">What devices may do.</param>
internal sealed class IoArea(IovaRange range, IoPages pages, ulong start, Protection protection)
{
    /// <summary>The input addresses.</summary>
    public IovaRange Range => range;

    /// <summary>The memory.</summary>
    public IoPages Pages => pages;

    /// <summary>First byte in the memory.</summary>
    public ulong Start => start;

    /// <summary>What devices may do.</summary>
    public Protection Protection => protection;

    /// <summary>The pin of all of it, held while any domain maps it.</summary>
    public PagePin? Pin { get; set; }

    /// <summary>Pins by accesses.</summary>
    public int AccessCount { get; set; }

    /// <summary>An unmap waits for accesses: no new ones.</summary>
    public bool PreventAccess { get; set; }

    /// <summary>The byte of the memory behind an input address.</summary>
    public ulong ByteAt(ulong iova) => start + (iova - range.First);

    /// <summary>The memory behind what a range and this area share.</summary>
    public PageSlice Slice(IovaRange part)
    {
        var first = Math.Max(range.First, part.First);
        return new PageSlice(pages, ByteAt(first), Math.Min(range.Last, part.Last) - first + 1);
    }

    /// <summary>Whether everything is a multiple of an alignment.</summary>
    public bool IsAligned(ulong alignment) => ((range.First | range.Length | pages.PageOffset(start)) & (alignment - 1)) == 0;
}
