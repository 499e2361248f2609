namespace Emulator.Hardware.PageTables;

/// <summary>Kinds of invalidation that page-table code asks for. Source: Linux include/linux/io-pgtable.h, struct iommu_flush_ops.</summary>
public enum InvalidationKind
{
    /// <summary>Everything of the domain (tlb_flush_all).</summary>
    All,

    /// <summary>A range with its intermediate entries, at once (tlb_flush_walk).</summary>
    Walk,

    /// <summary>Leaf entries of a range, when the gather is synced (tlb_add_page).</summary>
    Page,

    /// <summary>The top of the table moved or grew (AMD v1): entries that point to it must be rewritten.</summary>
    Root,
}
