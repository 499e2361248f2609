using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Registers;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>The fault interrupts' handlers. Nothing that is stalled is ever resumed.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.c:392 arm_smmu_context_fault, :422 arm_smmu_global_fault; 6.12 :408.</remarks>
internal sealed class FaultHandlers(DriverState state)
{
    /// <summary>Told of context faults (iommu_set_fault_handler).</summary>
    public Action<IommuDomain, Iova, DmaAccess>? Handler { get; set; }

    /// <summary>All of them, once. Result: 1 when one had something to handle, else 0.</summary>
    public IEnumerable<DriverStep> HandleAll()
    {
        var handled = 0L;
        foreach (var step in Global().Concat(state.Handlers.ToArray().SelectMany(Context)))
        {
            if (step.Kind == DriverStepKind.Return)
                handled |= step.Result;
            else
                yield return step;
        }

        yield return DriverStep.Return(handled);
    }

    private static IEnumerable<DriverStep> Global()
    {
        var status = DriverStep.Read(R.GlobalFaultStatus);
        yield return status;
        yield return DriverStep.Read(R.GlobalFaultSyndrome0);
        yield return DriverStep.Read(R.GlobalFaultSyndrome1);
        yield return DriverStep.Read(R.GlobalFaultSyndrome2);
        if (status.Value == 0)
            yield break;
        yield return DriverStep.Write(R.GlobalFaultStatus, status.Value);
        yield return DriverStep.Return(1);
    }

    private IEnumerable<DriverStep> Context(ArmSmmuDomain domain)
    {
        var layout = state.Features.Layout;
        var bank = layout.Bank(domain.Bank);
        var status = DriverStep.Read(bank + R.FaultStatus);
        var address = DriverStep.Read(bank + R.FaultAddress, 8);
        var syndrome = DriverStep.Read(bank + R.FaultSyndrome0);
        var stream = DriverStep.Read(layout.Page1 + R.BankFaultStream + (4 * (ulong)domain.Bank));

        // 6.1 reads the rest only of a bank that has a fault; 6.12 reads all, the address first.
        var first = state.Kernel == KernelVersion.Linux61;
        if (!first)
            yield return address;
        yield return status;
        if (first && (status.Value & R.AnyFault) == 0)
            yield break;
        yield return syndrome;
        if (first)
            yield return address;
        yield return stream;
        if ((status.Value & R.AnyFault) == 0)
            yield break;
        Handler?.Invoke(domain, new Iova(address.Value), syndrome.Value.Bit(4) ? DmaAccess.Write : DmaAccess.Read);
        yield return DriverStep.Write(bank + R.FaultStatus, status.Value);
        yield return DriverStep.Return(1);
    }
}
