using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Core;

internal sealed class ScriptedDomain(DomainType type, string name) : IommuDomain(type)
{
    public override string ToString() => name;
}
