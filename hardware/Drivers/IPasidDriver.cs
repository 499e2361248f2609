namespace Emulator.Hardware.Drivers;

/// <summary>A driver that attaches domains under PASIDs (6.12: set_dev_pasid, remove_dev_pasid).</summary>
public interface IPasidDriver
{
    /// <summary>Attaches a domain under a PASID of a device.</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="device">The device.</param>
    /// <param name="pasid">1 and above.</param>
    IEnumerable<DriverStep> AttachPasid(IommuDomain domain, DmaDevice device, uint pasid);

    /// <summary>Takes a PASID's domain away: DMA under that PASID is blocked.</summary>
    IEnumerable<DriverStep> DetachPasid(DmaDevice device, uint pasid);
}
