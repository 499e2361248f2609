using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Drivers;

/// <summary>One way of a device to the bus: through which IOMMU instance, under which stream.</summary>
/// <param name="Unit">Index of the IOMMU instance, see <see cref="Bus.Units"/>.</param>
/// <param name="Stream">The stream that its requests carry there.</param>
public readonly record struct StreamBinding(int Unit, StreamId Stream);
