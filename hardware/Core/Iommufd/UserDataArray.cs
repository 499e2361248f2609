namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Invalidation requests of a user, in the driver's own form. Source: Linux 6.12 include/linux/iommu.h, struct iommu_user_data_array.</summary>
/// <param name="type">The form.</param>
/// <param name="entryLength">Bytes of a request, 1 to 4096.</param>
/// <param name="count">Requests, 0 to 2^19.</param>
/// <param name="bytes">The requests one after the other; null is a null pointer.</param>
public sealed class UserDataArray(uint type, int entryLength, int count, ReadOnlyMemory<byte>? bytes)
{
    /// <summary>The form.</summary>
    public uint Type => type;

    /// <summary>Bytes of a request.</summary>
    public int EntryLength => entryLength;

    /// <summary>Requests.</summary>
    public int Count => count;

    /// <summary>The requests.</summary>
    public ReadOnlyMemory<byte>? Bytes => bytes;

    /// <summary>How many were carried out: written back whatever the result.</summary>
    public int Done { get; set; }

    /// <summary>One request.</summary>
    /// <param name="index">0 to the count - 1.</param>
    public ReadOnlySpan<byte> Entry(int index) => bytes!.Value.Span.Slice(index * entryLength, entryLength);
}
