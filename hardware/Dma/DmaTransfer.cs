namespace Emulator.Hardware.Dma;

/// <summary>Cuts a transfer of any length into requests that do not cross a 4 KiB boundary, as a PCIe device must.</summary>
public static class DmaTransfer
{
    private const ulong Boundary = 4096;

    /// <summary>How many requests a transfer needs.</summary>
    public static int CountRequests(Iova iova, int length) =>
        length <= 0 ? 0 : (int)(((iova.Value & (Boundary - 1)) + (ulong)length + Boundary - 1) / Boundary);

    /// <summary>Fills requests for a transfer.</summary>
    /// <param name="first">Stream, start address, direction and attributes; its length is not used.</param>
    /// <param name="length">Bytes to transfer, at least 1.</param>
    /// <param name="requests">Receives the requests in address order.</param>
    /// <returns>How many were filled.</returns>
    /// <exception cref="ArgumentException"><paramref name="requests"/> is too short.</exception>
    public static int Split(in DmaRequest first, int length, Span<DmaRequest> requests)
    {
        var count = CountRequests(first.Iova, length);
        if (count > requests.Length)
            throw new ArgumentException($"a transfer of {length} bytes at {first.Iova} needs {count} requests, there is room for {requests.Length}", nameof(requests));
        var iova = first.Iova.Value;
        for (var i = 0; i < count; i++)
        {
            var part = Math.Min(length, (int)(Boundary - (iova & (Boundary - 1))));
            requests[i] = first with { Iova = new Iova(iova), Length = (ushort)part };
            iova += (ulong)part;
            length -= part;
        }

        return count;
    }
}
