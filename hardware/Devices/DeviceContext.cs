using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>Where a device's program runs.</summary>
/// <param name="Platform">The platform, in virtual time.</param>
/// <param name="Engine">The device's DMA engine.</param>
/// <param name="Dma">The DMA API, of the device's domain.</param>
/// <param name="Memory">The device's buffers.</param>
/// <param name="Seed">Seed of what it does at random.</param>
/// <param name="Counts">What it has done.</param>
/// <param name="Ranks">The agents of the host's devices that work together, in the order of the devices; each adds itself.</param>
/// <param name="Ended">Told when it has nothing left to do.</param>
public sealed record DeviceContext(TimedPlatform Platform, DmaEngine Engine, KernelDma Dma, BufferPool Memory, ulong Seed, OperationCounts Counts, IList<DeviceAgent> Ranks, Action Ended);
