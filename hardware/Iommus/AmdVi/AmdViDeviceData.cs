using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>What the driver keeps of a device (struct iommu_dev_data).</summary>
internal sealed class AmdViDeviceData(DmaDevice device)
{
    public DmaDevice Device { get; set; } = device;

    public ushort DeviceId => (ushort)Device.Stream.Value;

    /// <summary>The device's own ID, then its DMA aliases.</summary>
    public IEnumerable<ushort> Ids => Device.Streams.Select(binding => (ushort)binding.Stream.Value);

    /// <summary>DMA aliases, which get the same device table entry.</summary>
    public IEnumerable<ushort> Aliases => Ids.Skip(1);

    public AmdViDomain? Domain { get; set; }

    public bool AtsEnabled { get; set; }

    /// <summary>6.12: the device's own GCR3 table.</summary>
    public AmdViGcr3Table? Gcr3 { get; set; }
}
