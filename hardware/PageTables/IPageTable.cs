namespace Emulator.Hardware.PageTables;

/// <summary>
/// The software side of a page-table format: writes entries into memory as the kernel's code does. The silicon's walker reads them and shares
/// nothing with this but the memory.
/// </summary>
/// <remarks>One writer. Errors of a call are results, not exceptions, and are those of the real code, odd ones included.</remarks>
public interface IPageTable
{
    /// <summary>The page sizes that can be mapped: bit n set means 2^n bytes.</summary>
    ulong PageSizeBitmap { get; }

    /// <summary>Bits of input address.</summary>
    int InputBits { get; }

    /// <summary>Maps pages of one size.</summary>
    /// <param name="iova">First input address.</param>
    /// <param name="physical">First output address.</param>
    /// <param name="pageSize">Bytes of a page, one of <see cref="PageSizeBitmap"/>.</param>
    /// <param name="count">Pages, at least 1.</param>
    /// <param name="protection">What is allowed.</param>
    /// <param name="gather">Receives the invalidations that the call makes necessary.</param>
    MapResult Map(ulong iova, ulong physical, ulong pageSize, ulong count, Protection protection, InvalidationGather gather);

    /// <summary>Unmaps pages of one size.</summary>
    /// <returns>Bytes unmapped; may be less or more than asked for.</returns>
    ulong Unmap(ulong iova, ulong pageSize, ulong count, InvalidationGather gather);

    /// <summary>Software's own lookup (iova_to_phys).</summary>
    /// <returns>The output address, or null when nothing is mapped there.</returns>
    ulong? Lookup(ulong iova);

    /// <summary>Gives one table page back that an unmap had left to be freed after the invalidation (<see cref="InvalidationGather.FreedTables"/>).</summary>
    void Release(ulong address, ulong bytes);

    /// <summary>Gives every table page back.</summary>
    void Free();
}
