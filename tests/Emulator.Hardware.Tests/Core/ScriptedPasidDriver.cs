using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Tests.Core;

internal sealed class ScriptedPasidDriver(KernelVersion kernel) : ScriptedDriver(kernel), IPasidDriver
{
    public IEnumerable<DriverStep> AttachPasid(IommuDomain domain, DmaDevice device, uint pasid) => Call($"attach {device.Name} {domain} pasid {pasid}");

    public IEnumerable<DriverStep> DetachPasid(DmaDevice device, uint pasid) => Call($"detach {device.Name} pasid {pasid}");
}
