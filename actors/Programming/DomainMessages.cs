using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Actors.Programming;

/// <summary>The conversation with a tenant's domain.</summary>
public static class DomainMessages
{
    /// <summary>Maps a range. Answer: <see cref="Mapped"/>.</summary>
    /// <param name="Iova">First input address, a multiple of the domain's smallest page.</param>
    /// <param name="Physical">First output address, likewise.</param>
    /// <param name="Size">Bytes, likewise.</param>
    /// <param name="Protection">What is allowed.</param>
    public sealed record Map(Iova Iova, PhysicalAddress Physical, ulong Size, Protection Protection);

    /// <summary>A range is mapped and the silicon has been told, or nothing is.</summary>
    /// <param name="Iova">First input address.</param>
    /// <param name="Size">Bytes mapped.</param>
    /// <param name="Failure">Why not; null when mapped.</param>
    public sealed record Mapped(Iova Iova, ulong Size, string? Failure);

    /// <summary>Unmaps a range. Answer: <see cref="Unmapped"/>.</summary>
    /// <param name="Iova">First input address.</param>
    /// <param name="Size">Bytes.</param>
    public sealed record Unmap(Iova Iova, ulong Size);

    /// <summary>A range is unmapped and invalidated.</summary>
    /// <param name="Iova">First input address.</param>
    /// <param name="Size">Bytes unmapped.</param>
    /// <param name="Failure">Why the invalidation failed; null when it did not.</param>
    public sealed record Unmapped(Iova Iova, ulong Size, string? Failure);

    /// <summary>To the host: the tenant's buffer is mapped, or can't be.</summary>
    internal sealed record DomainReady(OwnerTag Tenant, string? Failure);

    /// <summary>From the host: the IOMMU's actor has crashed; what it was asked is lost.</summary>
    internal sealed record IommuRestarted;
}
