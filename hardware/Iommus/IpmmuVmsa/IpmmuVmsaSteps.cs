using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>The driver's accesses to contexts and micro-TLBs.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/ipmmu-vmsa.c.</remarks>
internal sealed class IpmmuVmsaSteps(IpmmuVmsaHardware hardware, int busyReads)
{
    // ipmmu_domain_setup_context (:367).
    public IEnumerable<DriverStep> SetUpContext(IpmmuVmsaDomain domain)
    {
        var root = domain.Tables!.Root;
        yield return WriteContext(domain, IpmmuVmsaRegisters.TableLow, (uint)root);
        yield return WriteContext(domain, IpmmuVmsaRegisters.TableHigh, root >> 32);
        yield return WriteContext(domain, IpmmuVmsaRegisters.TableControl, hardware.TableControl);
        yield return WriteContext(domain, IpmmuVmsaRegisters.Attributes, IpmmuVmsaRegisters.LinuxAttributes);
        if (hardware.HasBusControl)
        {
            var bus = ReadContext(domain, IpmmuVmsaRegisters.BusControl);
            yield return bus;
            yield return WriteContext(domain, IpmmuVmsaRegisters.BusControl, bus.Value & ~(ulong)IpmmuVmsaRegisters.BusControlMask);
        }

        // Meant to clear what is pending; writing ones does not.
        var status = ReadContext(domain, IpmmuVmsaRegisters.Status);
        yield return status;
        yield return WriteContext(domain, IpmmuVmsaRegisters.Status, status.Value);
        foreach (var step in WriteControl(domain, IpmmuVmsaRegisters.LinuxControl))
            yield return step;
    }

    // ipmmu_device_reset (:893).
    public IEnumerable<DriverStep> Reset(IpmmuVmsaInstance root) =>
        Enumerable.Range(0, hardware.Contexts).Select(context => DriverStep.Write(hardware.Context(context, IpmmuVmsaRegisters.Control), 0, unit: root.Unit));

    public IEnumerable<DriverStep> WaitForFlush(IpmmuVmsaDomain domain)
    {
        for (var i = 0; i < busyReads; i++)
        {
            var control = ReadControl(domain);
            yield return control;
            if ((control.Value & IpmmuVmsaRegisters.Flush) == 0)
                yield break;
        }
    }

    // The leaf first, then the root (ipmmu_ctx_write_all, :224).
    public IEnumerable<DriverStep> WriteControl(IpmmuVmsaDomain domain, ulong value)
    {
        if (!domain.Instance!.IsRoot)
            yield return DriverStep.Write(hardware.Context(domain.Context!.Value, IpmmuVmsaRegisters.Control), value, unit: domain.Instance.Unit);
        yield return WriteContext(domain, IpmmuVmsaRegisters.Control, value);
    }

    public DriverStep ReadControl(IpmmuVmsaDomain domain) => ReadContext(domain, IpmmuVmsaRegisters.Control);

    public DriverStep ReadContext(IpmmuVmsaDomain domain, ulong register) =>
        DriverStep.Read(hardware.Context(domain.Context!.Value, register), unit: domain.Instance!.Root.Unit);

    public DriverStep WriteContext(IpmmuVmsaDomain domain, ulong register, ulong value) =>
        DriverStep.Write(hardware.Context(domain.Context!.Value, register), value, unit: domain.Instance!.Root.Unit);

    public DriverStep WriteMicroTlb(IpmmuVmsaInstance instance, int number, ulong register, ulong value) =>
        DriverStep.Write(hardware.MicroTlb(number, register), value, unit: instance.Unit);
}
