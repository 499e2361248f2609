using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Drivers;

/// <summary>A device behind an IOMMU as its driver knows it: what firmware and configuration space say of it.</summary>
public sealed record DmaDevice
{
    /// <summary>Makes a device with one stream behind the first IOMMU instance.</summary>
    public DmaDevice(string name, StreamId stream)
        : this(name, [new StreamBinding(0, stream)])
    {
    }

    /// <summary>Makes a device with several streams.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="streams">Its streams, at least one; the first is the one its DMA carries unless told otherwise.</param>
    public DmaDevice(string name, IReadOnlyList<StreamBinding> streams)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(streams);
        if (streams.Count == 0)
            throw new ArgumentException($"device {name} needs at least one stream", nameof(streams));
        Name = name;
        Streams = streams;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The streams and DMA aliases, in the order in which the driver programs them.</summary>
    public IReadOnlyList<StreamBinding> Streams { get; }

    /// <summary>The stream that its DMA carries.</summary>
    public StreamId Stream => Streams[0].Stream;

    /// <summary>Address translation service (ATS) is supported by the device.</summary>
    public bool AtsSupported { get; init; }

    /// <summary>Depth of the ATS invalidation queue, 1 to 32.</summary>
    public int AtsQueueDepth { get; init; } = 32;

    /// <summary>Page requests (PRI) are supported.</summary>
    public bool PriSupported { get; init; }

    /// <summary>Bits of PASID that the device supports; 0 for none.</summary>
    public int PasidBits { get; init; }

    /// <summary>Whether the device can be stalled (SMMUv3: dma-can-stall).</summary>
    public bool CanStall { get; init; }
}
