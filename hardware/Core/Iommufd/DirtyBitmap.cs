namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Which pages of a range were written: a bit for each. Source: Linux 6.12 drivers/vfio/iova_bitmap.c.</summary>
/// <param name="iova">First address.</param>
/// <param name="length">Bytes.</param>
/// <param name="pageSize">Bytes of a page, a power of two; 0 is refused by the reader.</param>
public sealed class DirtyBitmap(ulong iova, ulong length, ulong pageSize)
{
    private readonly ulong[] _words = new ulong[pageSize == 0 ? 0 : ((length / pageSize) + 63) / 64];

    /// <summary>First address.</summary>
    public ulong Iova => iova;

    /// <summary>Bytes.</summary>
    public ulong Length => length;

    /// <summary>Bytes of a page.</summary>
    public ulong PageSize => pageSize;

    /// <summary>Whether a page was written.</summary>
    /// <param name="page">Its number in the range.</param>
    public bool this[ulong page] => (_words[page / 64] & (1UL << (int)(page % 64))) != 0;

    /// <summary>Marks every page that a range touches; what lies outside is left out.</summary>
    public void Set(ulong first, ulong bytes)
    {
        var last = Math.Min(first + (bytes - 1), iova + (length - 1));
        for (var page = (Math.Max(first, iova) - iova) / pageSize; page <= (last - iova) / pageSize; page++)
            _words[page / 64] |= 1UL << (int)(page % 64);
    }
}
