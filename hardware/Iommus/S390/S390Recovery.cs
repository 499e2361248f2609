using Emulator.Hardware.Drivers;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The kernel's answer to error events, on a CPU of its own.</summary>
/// <remarks>Source: Linux 6.1 arch/s390/pci/pci_event.c:60-294, pci.c:782-815.</remarks>
internal sealed class S390Recovery(KernelVersion kernel, S390DriverOptions options, S390Instructions instructions, Func<S390Device, IEnumerable<DriverStep>> initialise)
{
    /// <summary>Takes one event. Result: 1 when there was one.</summary>
    public IEnumerable<DriverStep> HandleEvent(Func<uint, S390Device?> find)
    {
        var status = DriverStep.Read(S390Registers.EventStatus);
        yield return status;
        if (!status.Value.Bit(0))
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        var (code, handle, function) = (DriverStep.Read(S390Registers.EventCode), DriverStep.Read(S390Registers.EventHandle), DriverStep.Read(S390Registers.EventFunction));
        yield return code;
        yield return handle;
        yield return function;
        yield return DriverStep.Read(S390Registers.EventAddress, 8);
        yield return DriverStep.Write(S390Registers.EventStatus, 1);
        if (find((uint)function.Value) is { } device && CanRecover((S390EventCode)code.Value.Bits(15, 0)) && options.DeviceRecovers && !IsPassedThrough(device))
        {
            foreach (var step in Recover(device).Where(step => step.Kind != DriverStepKind.Return))
                yield return step;
        }

        yield return DriverStep.Return(1);
    }

    /// <summary>zpci_hot_reset_device: off and on, and what was registered before is registered again. Result: 0, or the error, the function disabled.</summary>
    public IEnumerable<DriverStep> Reset(S390Device device)
    {
        var outcome = new S390InstructionOutcome();
        foreach (var step in instructions.Call(device, S390Registers.ClpDisable, outcome))
            yield return step;
        foreach (var step in instructions.Call(device, S390Registers.ClpEnable, outcome))
            yield return step;
        var failed = outcome.Failed;
        if (!failed)
        {
            foreach (var step in Reregister(device, outcome))
                yield return step;
            failed = outcome.Failed;
        }

        if (!failed)
            yield break;
        foreach (var step in instructions.Call(device, S390Registers.ClpDisable, outcome))
            yield return step;
        yield return DriverStep.Fail(Errno.EIO);
    }

    // Measurement events are not answered, permanent ones cannot be.
    private static bool CanRecover(S390EventCode code) =>
        code is not ((>= S390EventCode.MeasurementFirst and <= S390EventCode.MeasurementLast) or S390EventCode.PermanentError or S390EventCode.PermanentFailure);

    // 6.1 takes every function with a domain for one that user space drives (:60); 6.12 asks whether a guest has it.
    private bool IsPassedThrough(S390Device device) => kernel == KernelVersion.Linux61 ? device.Domain != null : device.IsGuestOwned;

    // zpci_event_do_error_state_clear; what does not work is reset.
    private IEnumerable<DriverStep> Recover(S390Device device)
    {
        var outcome = new S390InstructionOutcome();
        foreach (var operation in (S390Operation[])[S390Operation.ResetBlock, S390Operation.ResetError])
        {
            foreach (var step in instructions.ModifyControls(device, operation, default, outcome))
                yield return step;
            if (!outcome.Failed)
                continue;
            foreach (var step in Reset(device))
                yield return step;
            yield break;
        }
    }

    private IEnumerable<DriverStep> Reregister(S390Device device, S390InstructionOutcome outcome)
    {
        if (device.Tables is { } tables)
        {
            foreach (var step in instructions.RegisterTranslation(device, tables, outcome))
                yield return step;
            yield break;
        }

        // 6.12 leaves a blocked function blocked.
        if (kernel == KernelVersion.Linux612)
            yield break;
        foreach (var step in initialise(device))
        {
            if (step.Kind == DriverStepKind.Return)
                outcome.ConditionCode = step.Result == 0 ? 0 : 1;
            else
                yield return step;
        }
    }
}
