using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.TegraGart;

/// <summary>A domain: a name for the aperture, no more. All domains share the unit's entries.</summary>
public sealed class TegraGartDomain : IommuDomain
{
    internal TegraGartDomain(DomainGeometry aperture)
        : base(DomainType.Unmanaged) => Geometry = aperture;
}
