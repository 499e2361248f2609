using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Core;

/// <summary>6.12's default domain for drivers that know unmanaged domains only: attaching it is the driver's detach.</summary>
internal sealed class PlatformDomain() : IommuDomain(DomainType.Platform);
