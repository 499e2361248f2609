namespace Emulator.Hardware.DmaApi;

/// <summary>A segment of a scatter list: memory that is contiguous for the CPU. Source: Linux include/linux/scatterlist.h, struct scatterlist.</summary>
/// <param name="Physical">First byte.</param>
/// <param name="Length">Bytes, at least 1.</param>
public readonly record struct ScatterSegment(ulong Physical, ulong Length);
