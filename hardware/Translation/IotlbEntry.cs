namespace Emulator.Hardware.Translation;

/// <summary>One cached translation.</summary>
public struct IotlbEntry
{
    /// <summary>What a lookup compares besides the page: stream, ASID, VMID, domain and PASID, packed as each IOMMU tags its entries.</summary>
    public ulong Tag;

    /// <summary>A second identity, which only invalidation looks at (VT-d and AMD invalidate by the domain that was current at the fill).</summary>
    public ulong Domain;

    /// <summary>First input address of the page.</summary>
    public ulong Iova;

    /// <summary>First output address of the page.</summary>
    public ulong Output;

    /// <summary>log2 of the page size.</summary>
    public byte PageShift;

    /// <summary>What is allowed.</summary>
    public PagePermissions Permissions;

    /// <summary>Flags for the owner's use (global entry, stage, level).</summary>
    public ushort Flags;

    /// <summary>Bytes of the page.</summary>
    public readonly ulong PageSize => 1UL << PageShift;

    /// <summary>Where an address of this page lands.</summary>
    public readonly ulong Translate(ulong iova) => Output | (iova & ((1UL << PageShift) - 1));

    /// <summary>Whether the page has an address in common with a range.</summary>
    /// <param name="first">First address of the range.</param>
    /// <param name="last">Last address of the range.</param>
    public readonly bool Overlaps(ulong first, ulong last) => Iova <= last && Iova + (PageSize - 1) >= first;
}
