using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>What the driver flushes after a domain's mappings changed.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.c, iommu_flush_iotlb_psi, intel_flush_iotlb_all; 6.12 cache.c.</remarks>
public sealed class VtdDomainFlush
{
    private readonly KernelVersion _kernel;
    private readonly IReadOnlyList<VtdUnit> _units;
    private readonly VtdInvalidator _invalidator;

    /// <summary>Makes it.</summary>
    public VtdDomainFlush(KernelVersion kernel, IReadOnlyList<VtdUnit> units, VtdInvalidator invalidator) => (_kernel, _units, _invalidator) = (kernel, units, invalidator);

    /// <summary>Flushes a range on every unit that the domain is attached behind.</summary>
    public IEnumerable<DriverStep> Range(IntelVtdDomain domain, ulong iova, ulong size, bool leafOnly)
    {
        ArgumentNullException.ThrowIfNull(domain);
        foreach (var unit in domain.Units.Select(index => _units[index]))
        {
            foreach (var step in Pages(domain, unit, iova, iova + (size - 1), leafOnly))
                yield return step;
        }
    }

    /// <summary>Flushes a range on one unit, then in the device TLBs (iommu_flush_iotlb_psi; 6.12: cache_tag_flush_range).</summary>
    public IEnumerable<DriverStep> Pages(IntelVtdDomain domain, VtdUnit unit, ulong first, ulong last, bool leafOnly)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(unit);
        var id = domain.IdOn(unit);
        var mask = VtdInvalidator.CoveringMask(first, last);

        // 6.1 sends the address as it is, 6.12 aligned; the unit ignores the bits below the mask.
        var address = (_kernel == KernelVersion.Linux61 && !domain.FirstLevel) || mask >= VtdInvalidator.WholeDevice ? first & ~0xfffUL : first & ~((4096UL << mask) - 1);
        var selective = unit.Capability.PageSelective && mask <= unit.Capability.MaxAddressMask;
        var steps = domain.FirstLevel && mask < VtdInvalidator.WholeDevice ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlbPages(id, 0, address, mask))
            : domain.FirstLevel ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlb(id, 0))
            : selective ? _invalidator.Iotlb(unit, VtdGranularity.Narrow, id, address, mask, leafOnly)
            : _invalidator.Iotlb(unit, VtdGranularity.Domain, id);
        var deviceMask = Math.Min(mask, VtdInvalidator.WholeDevice);
        return steps.Concat(domain.Devices.Where(device => device.Unit == unit).SelectMany(device => _invalidator.DeviceTlb(device, address, deviceMask)));
    }

    /// <summary>Flushes everything of a domain (intel_flush_iotlb_all).</summary>
    public IEnumerable<DriverStep> All(IntelVtdDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        foreach (var unit in domain.Units.Select(index => _units[index]))
        {
            var id = domain.IdOn(unit);
            var steps = domain.FirstLevel
                ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlb(id, 0))
                : _invalidator.Iotlb(unit, VtdGranularity.Domain, id);
            if (!unit.Capability.CachingMode)
                steps = steps.Concat(domain.Devices.Where(device => device.Unit == unit).SelectMany(device => _invalidator.DeviceTlb(device)));
            foreach (var step in steps)
                yield return step;
        }
    }

    /// <summary>After mappings were made: caching mode flushes the range of a second-level table, others their write buffer (__mapping_notify_one).</summary>
    public IEnumerable<DriverStep> Mapped(IntelVtdDomain domain, ulong iova, ulong size)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return domain.Units.Select(index => _units[index]).SelectMany(unit => unit.Capability.CachingMode && !domain.FirstLevel
            ? Pages(domain, unit, iova, iova + (size - 1), leafOnly: false)
            : _invalidator.WriteBuffer(unit));
    }
}
