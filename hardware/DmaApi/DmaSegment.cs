namespace Emulator.Hardware.DmaApi;

/// <summary>A segment of a mapped scatter list: addresses that are contiguous for the device (sg_dma_address, sg_dma_len).</summary>
/// <param name="Address">First address: an IOVA, or a physical address in <see cref="DmaMode.PassThrough"/>.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct DmaSegment(ulong Address, ulong Length);
