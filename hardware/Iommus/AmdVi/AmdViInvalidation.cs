using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The driver's flushes: of device table entries, of domains, of ranges.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/amd/iommu.c, device_flush_dte, __domain_flush_pages, __flush_pasid, domain_flush_pages_v2.</remarks>
internal sealed class AmdViInvalidation(AmdViCommandQueue queue, KernelVersion kernel, bool nonPresentCache)
{
    /// <summary>The entries of a device and of its aliases, and what the device itself cached.</summary>
    public IEnumerable<DriverStep> Device(AmdViDeviceData data)
    {
        foreach (var id in data.Ids)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateDevice(id)))
                yield return step;
        }

        if (!data.AtsEnabled)
            yield break;
        foreach (var step in queue.Queue(AmdViCommand.InvalidateDeviceTlb(data.DeviceId, data.Device.AtsQueueDepth, 0, ulong.MaxValue)))
            yield return step;
    }

    /// <summary>All pages of a DomainID, and waits (amd_iommu_flush_tlb_domid).</summary>
    public IEnumerable<DriverStep> DomainId(ushort id)
    {
        foreach (var step in queue.Queue(AmdViCommand.InvalidatePages(id, 0, AmdViCommand.AllPages)))
            yield return step;
        foreach (var step in queue.CompletionWait())
            yield return step;
    }

    /// <summary>A range of a domain, and waits.</summary>
    public IEnumerable<DriverStep> RangeAndWait(AmdViDomain domain, ulong address, ulong size)
    {
        foreach (var (start, bytes) in Pieces(address, size))
        {
            foreach (var step in Range(domain, start, bytes))
                yield return step;
        }

        foreach (var step in Complete(domain))
            yield return step;
    }

    /// <summary>Everything of a domain, and waits.</summary>
    public IEnumerable<DriverStep> AllAndWait(AmdViDomain domain) => RangeAndWait(domain, 0, AmdViCommand.AllPages);

    /// <summary>6.1: PASID 0 of a domain (amd_iommu_flush_tlb, amd_iommu_flush_page).</summary>
    /// <param name="domain">The domain.</param>
    /// <param name="page">One page; null for all.</param>
    public IEnumerable<DriverStep> Pasid(AmdViDomain domain, ulong? page)
    {
        var address = page ?? AmdViCommand.AllPages;
        if (domain.References > 0)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidatePasid(domain.Id, address, page == null)))
                yield return step;
        }

        foreach (var step in Complete(domain))
            yield return step;
        foreach (var data in domain.Devices.Where(data => data.AtsEnabled))
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateDevicePasid(data.DeviceId, data.Device.AtsQueueDepth, address, page == null)))
                yield return step;
        }

        foreach (var step in Complete(domain))
            yield return step;
    }

    /// <summary>6.12: PASID 0 of one device after its GCR3 entry changed, and waits (dev_flush_pasid_all).</summary>
    public IEnumerable<DriverStep> DevicePasid(AmdViDeviceData data, ushort domainId)
    {
        foreach (var step in queue.Queue(AmdViCommand.InvalidatePages(domainId, 0, AmdViCommand.AllPages, guest: true)))
            yield return step;
        if (data.AtsEnabled)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateDeviceTlb(data.DeviceId, data.Device.AtsQueueDepth, 0, AmdViCommand.AllPages, guest: true)))
                yield return step;
        }

        foreach (var step in queue.CompletionWait())
            yield return step;
    }

    /// <summary>Waits, if a device is attached (domain_flush_complete).</summary>
    public IEnumerable<DriverStep> Complete(AmdViDomain domain) => domain.References > 0 ? queue.CompletionWait() : [];

    // 6.12 with a virtual IOMMU: naturally aligned pieces only.
    private IEnumerable<(ulong Start, ulong Bytes)> Pieces(ulong address, ulong size)
    {
        if (kernel == KernelVersion.Linux61 || !nonPresentCache)
        {
            yield return (address, size);
            yield break;
        }

        while (size != 0)
        {
            var bits = 63 - System.Numerics.BitOperations.LeadingZeroCount(size);
            if (address != 0)
                bits = Math.Min(bits, System.Numerics.BitOperations.TrailingZeroCount(address));
            yield return (address, 1UL << bits);
            address += 1UL << bits;
            size -= 1UL << bits;
        }
    }

    private IEnumerable<DriverStep> Range(AmdViDomain domain, ulong address, ulong size)
    {
        var guest = kernel != KernelVersion.Linux61 && domain.IsGuest;
        if (guest)
        {
            foreach (var data in domain.Devices)
            {
                foreach (var step in queue.Queue(AmdViCommand.InvalidatePages(data.Gcr3?.DomainId ?? domain.Id, address, size, guest: true)))
                    yield return step;
            }
        }
        else if (domain.References > 0)
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidatePages(domain.Id, address, size)))
                yield return step;
        }

        foreach (var data in domain.Devices.Where(data => data.AtsEnabled))
        {
            foreach (var step in queue.Queue(AmdViCommand.InvalidateDeviceTlb(data.DeviceId, data.Device.AtsQueueDepth, address, size, guest)))
                yield return step;
        }
    }
}
