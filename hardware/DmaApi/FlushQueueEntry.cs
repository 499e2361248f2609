namespace Emulator.Hardware.DmaApi;

/// <summary>An unmapped range that waits for a flush. Source: Linux 6.1 drivers/iommu/dma-iommu.c, struct iova_fq_entry.</summary>
/// <param name="Pfn">First page.</param>
/// <param name="Pages">Pages.</param>
/// <param name="Counter">Flushes that had been started: the next one that is started covers it.</param>
/// <param name="TimePs">When it was unmapped, in picoseconds.</param>
/// <param name="Tables">Table pages that are freed with it: address and bytes. Null for none.</param>
internal readonly record struct FlushQueueEntry(ulong Pfn, ulong Pages, long Counter, long TimePs, (ulong Address, ulong Bytes)[]? Tables);
