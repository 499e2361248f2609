using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>What context and PASID entries say for a device and a domain.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.c, domain_context_mapping_one, domain_setup_first_level; pasid.c, intel_pasid_setup_*.</remarks>
public static class VtdTranslationEntries
{
    /// <summary>The legacy context entry of pass-through.</summary>
    public static VtdContextEntry PassThroughContext(VtdUnit unit, ushort domain)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return VtdContextEntry.Create(VtdTranslationType.PassThrough, 0, unit.MaxAddressWidth, domain);
    }

    /// <summary>The legacy context entry of a domain with a table. Only the device's own entry serves ATS: an alias has no device information.</summary>
    /// <returns>False when the table has more levels than the unit walks and its first entries are empty.</returns>
    public static bool TryContext(IntelVtdDomain domain, VtdAttachment device, ushort source, out VtdContextEntry entry)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(device);
        entry = default;
        if (!domain.Table!.SkipLevels(device.Unit.AddressWidth + 2, out var root, out var levels))
            return false;
        var type = device.AtsSupported && source == device.Sources[0] ? VtdTranslationType.DeviceTlb : VtdTranslationType.SecondLevel;
        entry = VtdContextEntry.Create(type, root, levels - 2, domain.IdOn(device.Unit));
        return true;
    }

    /// <summary>The scalable context entry of a device.</summary>
    /// <param name="device">The device.</param>
    /// <param name="full">ATS, page requests and PASIDs are enabled as far as they are supported; 6.1 leaves them off for an alias.</param>
    public static VtdScalableContextEntry ScalableContext(VtdAttachment device, bool full)
    {
        ArgumentNullException.ThrowIfNull(device);

        // PDTS counts powers of two of 128 directory entries of 8 bytes.
        var size = BitOperations.Log2(device.PasidDirectorySize) - 10;
        var enables = !full ? 0
            : (device.AtsSupported ? VtdScalableContextEntry.DeviceTlbEnable : 0)
            | (device.PriSupported ? VtdScalableContextEntry.PageRequestEnable : 0)
            | (device.PasidSupported ? VtdScalableContextEntry.PasidEnable : 0);
        return VtdScalableContextEntry.Create(device.PasidDirectory, size, enables);
    }

    /// <summary>The PASID entry of pass-through (intel_pasid_setup_pass_through).</summary>
    public static VtdPasidEntry PassThroughPasid(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        var word2 = unit.ExtendedCapability.SupervisorRequests ? VtdPasidEntry.SupervisorEnable : 0;
        return VtdPasidEntry.Create(VtdPasidTranslation.PassThrough, 0, unit.AddressWidth, VtdUnit.DefaultDomainId, Snoops(unit), word2);
    }

    /// <summary>The PASID entry of a domain with a table (intel_pasid_setup_first_level, _second_level).</summary>
    /// <returns>The error that refuses the attach.</returns>
    public static Errno TryPasid(KernelVersion kernel, IntelVtdDomain domain, VtdUnit unit, out VtdPasidEntry entry)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(unit);
        entry = default;
        if (!domain.Table!.SkipLevels(unit.AddressWidth + 2, out var root, out var levels))
            return domain.FirstLevel ? Errno.ENOMEM : Errno.EINVAL;
        var id = domain.IdOn(unit);
        var snoops = Snoops(unit);
        if (!domain.FirstLevel)
        {
            if (!unit.ExtendedCapability.SecondLevel)
                return Errno.EINVAL;
            entry = VtdPasidEntry.Create(VtdPasidTranslation.SecondLevel, root, levels - 2, id, snoops, 0);
            return Errno.None;
        }

        if (!unit.ExtendedCapability.FirstLevel || levels is not (4 or 5) || (levels == 5 && !unit.Capability.FirstLevelFiveLevels))
            return Errno.EINVAL;
        if (domain.ForceSnooping)
            snoops |= VtdPasidEntry.PageSnoop;

        // 6.12 sets no XD bits, and so does not enable them.
        var word2 = root | (kernel == KernelVersion.Linux61 ? VtdPasidEntry.NoExecuteEnable : 0) | (levels == 5 ? VtdPasidEntry.FiveLevels : 0);
        entry = VtdPasidEntry.Create(VtdPasidTranslation.FirstLevel, 0, unit.AddressWidth, id, snoops, word2);
        return Errno.None;
    }

    private static ulong Snoops(VtdUnit unit) => unit.ExtendedCapability.ScalablePageWalkCoherency ? VtdPasidEntry.PageWalkSnoop : 0;
}
