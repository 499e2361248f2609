using System.Numerics;
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
        var (address, mask) = Pages(domain, iova, iova + (size - 1));
        for (var i = 0; i < domain.Units.Count; i++)
        {
            var unit = _units[domain.Units[i]];
            foreach (var step in Iotlb(domain, unit, address, mask, leafOnly))
                yield return step;
            foreach (var step in DeviceTlbs(domain, unit, address, mask))
                yield return step;
        }
    }

    /// <summary>Flushes everything of a domain (intel_flush_iotlb_all). 6.1 spares the device TLBs in caching mode.</summary>
    public IEnumerable<DriverStep> All(IntelVtdDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        foreach (var unit in domain.Units.Select(index => _units[index]))
        {
            var id = domain.IdOn(unit);
            var steps = domain.FirstLevel
                ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlb(id, 0))
                : _invalidator.Iotlb(unit, VtdGranularity.Domain, id);
            if (_kernel == KernelVersion.Linux612 || !unit.Capability.CachingMode)
                steps = steps.Concat(DeviceTlbs(domain, unit, 0, VtdInvalidator.WholeDevice));
            foreach (var step in steps)
                yield return step;
        }
    }

    /// <summary>After mappings were made: caching mode flushes the range of a second-level table, others their write buffer (__mapping_notify_one). What
    /// was not present is in no device's TLB.</summary>
    public IEnumerable<DriverStep> Mapped(IntelVtdDomain domain, ulong iova, ulong size)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (!IsToldOfMappings(domain))
            return [];
        var (address, mask) = Pages(domain, iova, iova + (size - 1));
        return domain.Units.Select(index => _units[index]).SelectMany(unit => unit.Capability.CachingMode && !domain.FirstLevel
            ? Iotlb(domain, unit, address, mask, leafOnly: false)
            : _invalidator.WriteBuffer(unit));
    }

    // iommu_flush_iotlb_psi; 6.12: calculate_psi_aligned_address. 6.1 sends the address as it is, 6.12 aligned; the unit ignores the bits below the
    // mask. For a first-level table 6.1 rounds only the number of pages up: of a range that does not start at a multiple of it, the end stays cached.
    private (ulong Address, int Mask) Pages(IntelVtdDomain domain, ulong first, ulong last)
    {
        var mask = VtdInvalidator.CoveringMask(first, last);
        if (_kernel == KernelVersion.Linux612)
            return (mask >= VtdInvalidator.WholeDevice ? 0 : first & ~((4096UL << mask) - 1), mask);
        if (domain.FirstLevel)
            mask = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((last >> 12) - (first >> 12) + 1));
        return (first & ~0xfffUL, mask);
    }

    private IEnumerable<DriverStep> Iotlb(IntelVtdDomain domain, VtdUnit unit, ulong address, int mask, bool leafOnly)
    {
        var id = domain.IdOn(unit);
        var selective = unit.Capability.PageSelective && mask <= unit.Capability.MaxAddressMask;
        return domain.FirstLevel && mask < VtdInvalidator.WholeDevice ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlbPages(id, 0, address & ~((4096UL << mask) - 1), mask, leafOnly))
            : domain.FirstLevel ? _invalidator.Submit(unit, VtdDescriptor.PasidIotlb(id, 0))
            : selective ? _invalidator.Iotlb(unit, VtdGranularity.Narrow, id, address, mask, leafOnly)
            : _invalidator.Iotlb(unit, VtdGranularity.Domain, id);
    }

    private bool IsToldOfMappings(IntelVtdDomain domain)
    {
        for (var i = 0; i < domain.Units.Count; i++)
        {
            if (_units[domain.Units[i]].Capability is { RequiresWriteBufferFlush: true } or { CachingMode: true })
                return true;
        }

        return false;
    }

    // Mostly there are none, and every unmap comes here.
    private IEnumerable<DriverStep> DeviceTlbs(IntelVtdDomain domain, VtdUnit unit, ulong address, int mask) => !HasDeviceTlbs(domain)
        ? []
        : domain.Devices.Where(device => device.Unit == unit).SelectMany(device => _invalidator.DeviceTlb(device, address, Math.Min(mask, VtdInvalidator.WholeDevice)));

    private static bool HasDeviceTlbs(IntelVtdDomain domain)
    {
        for (var i = 0; i < domain.Devices.Count; i++)
        {
            if (domain.Devices[i].AtsEnabled)
                return true;
        }

        return false;
    }
}
