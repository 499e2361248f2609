using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>What configuration, command line and the driver's operations say of a group.</summary>
public sealed record IommuGroupOptions
{
    /// <summary>The type of the default domain. A driver that does not have it: 6.1 goes on with DMA, then without any; 6.12 with DMA, identity, then
    /// what the platform does. Null: 6.1 has no default domain, 6.12 the platform's.</summary>
    public DomainType? DefaultDomainType { get; init; } = DomainType.Dma;

    /// <summary>6.1: whether the driver has a detach_dev, which a group without a default domain rests on.</summary>
    public bool HasDetach { get; init; } = true;

    /// <summary>6.12: the type of the domain that is attached to a device before its driver releases it (release_domain); null: the driver's release does what
    /// is needed.</summary>
    public DomainType? ReleaseDomainType { get; init; }
}
