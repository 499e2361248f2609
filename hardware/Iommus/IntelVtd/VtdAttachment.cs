using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A probed device as the driver knows it.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, struct device_domain_info.</remarks>
public sealed class VtdAttachment
{
    /// <summary>Makes the record.</summary>
    /// <param name="device">The device.</param>
    /// <param name="unit">The unit that it sits behind.</param>
    public VtdAttachment(DmaDevice device, VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(unit);
        (Device, Unit) = (device, unit);
        Sources = [.. device.Streams.Where(stream => stream.Unit == unit.Index).Select(stream => (ushort)stream.Stream.Value)];
        if (unit.ExtendedCapability.DeviceTlb)
            (AtsSupported, PriSupported) = (device.AtsSupported, device.PriSupported);
        PasidSupported = device.PasidBits > 0 && unit.ExtendedCapability.Pasid;
    }

    /// <summary>The device.</summary>
    public DmaDevice Device { get; }

    /// <summary>The unit that it sits behind.</summary>
    public VtdUnit Unit { get; }

    /// <summary>Its requester id and DMA aliases, in programming order.</summary>
    public IReadOnlyList<ushort> Sources { get; }

    /// <summary>ATS can be used.</summary>
    public bool AtsSupported { get; }

    /// <summary>Page requests can be used.</summary>
    public bool PriSupported { get; }

    /// <summary>PASIDs can be used.</summary>
    public bool PasidSupported { get; }

    /// <summary>ATS is on.</summary>
    public bool AtsEnabled { get; set; }

    /// <summary>DMA is not blocked: a paging or identity domain is attached.</summary>
    public bool Attached { get; set; }

    /// <summary>The domain that it has joined.</summary>
    public IntelVtdDomain? Domain { get; set; }

    /// <summary>The PASID directory, in scalable mode; 0 before it is made.</summary>
    public ulong PasidDirectory { get; set; }

    /// <summary>Bytes of the PASID directory.</summary>
    public ulong PasidDirectorySize { get; set; }

    /// <summary>The PASID table of PASID 0; 0 before it is made.</summary>
    public ulong PasidTable { get; set; }
}
