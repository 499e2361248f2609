using Emulator.Hardware.Drivers;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>The privileged instructions as the kernel issues them on one CPU: operands, execution, condition code; repeated while the machine is busy.</summary>
/// <remarks>Source: Linux 6.1 arch/s390/pci/pci_insn.c, pci.c:113-165, pci_clp.c.</remarks>
internal sealed class S390Instructions(int cpu, KernelVersion kernel)
{
    private const ulong Busy = 2;

    /// <summary>zpci_register_ioat. 6.12 extends the limit of an internal shared memory device by a page (pci.c:138).</summary>
    public IEnumerable<DriverStep> RegisterTranslation(S390Device device, S390Tables tables, S390InstructionOutcome outcome)
    {
        var extended = kernel == KernelVersion.Linux612 && device.IsInternalSharedMemory && device.End > device.Start;
        var fib = new S390Fib(device.Start, device.End + (extended ? S390Format.PageSize : 0), S390Format.Iota(tables.Root));
        return ModifyControls(device, S390Operation.RegisterTranslation, fib, outcome);
    }

    /// <summary>zpci_unregister_ioat: a function that is gone has nothing registered.</summary>
    public IEnumerable<DriverStep> DeregisterTranslation(S390Device device, S390InstructionOutcome outcome)
    {
        foreach (var step in ModifyControls(device, S390Operation.DeregisterTranslation, default, outcome))
            yield return step;
        if (outcome.ConditionCode == 3)
            outcome.ConditionCode = 0;
    }

    /// <summary>An MPCIFC (zpci_mod_fc).</summary>
    public IEnumerable<DriverStep> ModifyControls(S390Device device, S390Operation operation, S390Fib fib, S390InstructionOutcome outcome)
    {
        yield return Write(S390Registers.FibBase, fib.Base);
        yield return Write(S390Registers.FibLimit, fib.Limit);
        yield return Write(S390Registers.FibIota, fib.Iota);
        yield return Write(S390Registers.FibGuestDesignation, device.GuestDesignation, 4);
        foreach (var step in Execute(S390Registers.ModifyControls, S390Registers.Request(device.Handle, operation), outcome))
            yield return step;
    }

    /// <summary>An RPCIT (zpci_refresh_trans).</summary>
    public IEnumerable<DriverStep> Refresh(S390Device device, ulong iova, ulong bytes, S390InstructionOutcome outcome)
    {
        yield return Write(S390Registers.RefreshAddress, iova);
        yield return Write(S390Registers.RefreshLength, bytes);
        foreach (var step in Execute(S390Registers.Refresh, (ulong)device.Handle << 32, outcome))
            yield return step;
    }

    /// <summary>CLP: query PCI function.</summary>
    public IEnumerable<DriverStep> Query(S390Device device, S390InstructionOutcome outcome)
    {
        foreach (var step in Call(device, S390Registers.ClpQuery, outcome))
            yield return step;
        if (outcome.Failed)
            yield break;
        var (flags, start, end) = (Read(S390Registers.ClpFlags), Read(S390Registers.ClpStart, 8), Read(S390Registers.ClpEnd, 8));
        yield return flags;
        yield return start;
        yield return end;
        (device.NeedsRefresh, device.IsInternalSharedMemory) = (flags.Value.Bit(0), flags.Value.Bit(2));
        (device.Start, device.End) = (start.Value, end.Value);
    }

    /// <summary>CLP: enable or disable a function (zpci_enable_device, zpci_disable_device). Its handle changes.</summary>
    public IEnumerable<DriverStep> Call(S390Device device, uint command, S390InstructionOutcome outcome)
    {
        foreach (var step in Execute(S390Registers.Clp, ((ulong)command << 32) | device.Id, outcome))
            yield return step;
        if (outcome.Failed)
            yield break;
        var handle = Read(S390Registers.ClpHandle);
        yield return handle;
        device.Handle = (uint)handle.Value;
    }

    private IEnumerable<DriverStep> Execute(ulong instruction, ulong request, S390InstructionOutcome outcome)
    {
        var code = Read(S390Registers.ConditionCode);
        do
        {
            yield return Write(instruction, request);
            yield return code;
        }
        while (code.Value == Busy);
        outcome.ConditionCode = (int)code.Value;
        outcome.Status = S390Status.None;
        if (!outcome.Failed)
            yield break;
        var status = Read(instruction, 8);
        yield return status;
        outcome.Status = (S390Status)status.Value.Bits(31, 24);
    }

    private DriverStep Write(ulong register, ulong value, int width = 8) => DriverStep.Write(S390Registers.Of(cpu, register), value, width);

    private DriverStep Read(ulong register, int width = 4) => DriverStep.Read(S390Registers.Of(cpu, register), width);
}
