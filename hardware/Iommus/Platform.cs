using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Iommus;

/// <summary>A memory, the IOMMU instances over it, and the driver that programs them. Nothing has been run yet: call the driver's
/// <see cref="IIommuDriver.Probe"/> first.</summary>
public sealed class Platform : IDisposable
{
    private readonly Func<int, DmaDevice> _device;

    /// <summary>Puts a platform together.</summary>
    /// <param name="bus">Memory and IOMMU instances.</param>
    /// <param name="frames">The allocator that the driver takes its tables from.</param>
    /// <param name="driver">The driver.</param>
    /// <param name="device">The n-th device that this room puts behind its IOMMU, from 0.</param>
    public Platform(Bus bus, IFrameAllocator frames, IIommuDriver driver, Func<int, DmaDevice> device)
    {
        Bus = bus;
        Frames = frames;
        Driver = driver;
        _device = device;
    }

    /// <summary>Memory and IOMMU instances, and the only way for a driver to reach them.</summary>
    public Bus Bus { get; }

    /// <summary>The memory.</summary>
    public PhysicalMemory Memory => Bus.Memory;

    /// <summary>The driver's allocator.</summary>
    public IFrameAllocator Frames { get; }

    /// <summary>The driver.</summary>
    public IIommuDriver Driver { get; }

    /// <summary>Describes the n-th device of this platform, from 0. The caller probes it with <see cref="IIommuDriver.ProbeDevice"/>.</summary>
    public DmaDevice Device(int index) => _device(index);

    /// <inheritdoc/>
    public void Dispose() => Memory.Dispose();
}
