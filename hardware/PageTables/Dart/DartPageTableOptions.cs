namespace Emulator.Hardware.PageTables.Dart;

/// <summary>What an IOMMU asks of a DART page table.</summary>
/// <remarks>Source: Linux include/linux/io-pgtable.h, struct io_pgtable_cfg, as far as DART tables use it.</remarks>
/// <param name="InputBits">Bits of input address (ias).</param>
/// <param name="OutputBits">Bits of output address (oas).</param>
/// <param name="PageSizeBitmap">The granule: exactly one size.</param>
/// <param name="CoherentWalk">Whether the walker sees the caches.</param>
public sealed record DartPageTableOptions(int InputBits, int OutputBits, ulong PageSizeBitmap, bool CoherentWalk = true);
