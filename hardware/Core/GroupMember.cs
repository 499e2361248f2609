using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>A device of a group, and what the core knows of it beyond its driver.</summary>
public sealed class GroupMember
{
    private bool _attachDeferred;

    /// <summary>Makes a member.</summary>
    public GroupMember(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        Device = device;
        MaxPasids = device.PasidBits == 0 ? 0 : 1U << device.PasidBits;
    }

    /// <summary>The device.</summary>
    public DmaDevice Device { get; }

    /// <summary>Firmware wants some memory mapped one to one for it at all times (IOMMU_RESV_DIRECT): 6.12 does not attach blocking domains to it.</summary>
    public bool RequiresDirect { get; init; }

    /// <summary>PASIDs are below this; 0: the device has none. Of the device's <see cref="DmaDevice.PasidBits"/> unless set.</summary>
    public uint MaxPasids { get; init; }

    /// <summary>The device's first attach waits until it maps something for DMA, as after a crash of the kernel before this one (attach_deferred). False from
    /// the first attach on.</summary>
    public bool AttachDeferred
    {
        get => _attachDeferred;
        init => _attachDeferred = value;
    }

    /// <summary>The domain that its driver attached last; null: none, or it was detached. After failures it may not be the group's.</summary>
    public IommuDomain? Domain { get; private set; }

    internal void Attached(IommuDomain domain) => (Domain, _attachDeferred) = (domain, false);

    internal void Detached() => Domain = null;

    internal void EndDeferral() => _attachDeferred = false;
}
