using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>GERROR and GERRORN: errors of the SMMU itself, told by toggling and acknowledged by copying.</summary>
internal sealed class GlobalErrorRegisters
{
    private readonly Register _errors;
    private readonly Register _acknowledged;
    private readonly Register _interrupts;
    private readonly InterruptMessage _message;

    /// <param name="memory">The memory.</param>
    /// <param name="file">Where the registers are declared.</param>
    /// <param name="interrupts">IRQ_CTRL.</param>
    /// <param name="acknowledged">Called after software wrote GERRORN.</param>
    public GlobalErrorRegisters(PhysicalMemory memory, RegisterFile file, Register interrupts, Action acknowledged)
    {
        const string Fields = "CMDQ_ERR 0, EVTQ_ABT 2, PRIQ_ABT 3, MSI_CMDQ_ABT 4, MSI_EVTQ_ABT 5, MSI_PRIQ_ABT 6, MSI_GERROR_ABT 7, SFM_ERR 8";
        _interrupts = interrupts;
        _errors = file.Add(ArmSmmuV3Registers.GError, 4, "GERROR", RegisterAccess.ReadOnly, fields: Fields);
        _acknowledged = file.Add(ArmSmmuV3Registers.GErrorN, 4, "GERRORN", fields: Fields, onWrite: _ => acknowledged());
        _message = new InterruptMessage(memory, file, "GERROR", ArmSmmuV3Registers.GErrorIrqCfg0, ArmSmmuV3Registers.GErrorIrqCfg1, ArmSmmuV3Registers.GErrorIrqCfg2);
    }

    /// <summary>The errors that wait for acknowledgement.</summary>
    public GlobalErrors Active => (GlobalErrors)(_errors.Value ^ _acknowledged.Value);

    /// <summary>Makes an error active, unless it already is.</summary>
    public void Raise(GlobalErrors error)
    {
        if ((Active & error) != 0)
            return;
        _errors.Value ^= (uint)error;
        if ((_interrupts.Value & ArmSmmuV3Iommu.GErrorInterrupt) != 0 && !_message.Send() && error != GlobalErrors.GlobalErrorMsiAbort)
            Raise(GlobalErrors.GlobalErrorMsiAbort);
    }
}
