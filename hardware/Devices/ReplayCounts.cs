namespace Emulator.Hardware.Devices;

/// <summary>What a kernel did to its tables and IOTLBs, or ours in its place.</summary>
/// <param name="Maps">Ranges mapped (iommu:map).</param>
/// <param name="Unmaps">Ranges unmapped (iommu:unmap).</param>
/// <param name="Syncs">Invalidations that an unmap waited for.</param>
/// <param name="Flushes">Invalidations of a whole domain by its flush queue.</param>
public readonly record struct ReplayCounts(long Maps, long Unmaps, long Syncs, long Flushes);
