using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>One interrupt source: its IRQ_CFG registers, and the MSI that they describe.</summary>
internal sealed class InterruptMessage
{
    private readonly PhysicalMemory _memory;
    private readonly Register _address;
    private readonly Register _data;

    public InterruptMessage(PhysicalMemory memory, RegisterFile file, string name, ulong cfg0, ulong cfg1, ulong cfg2)
    {
        _memory = memory;
        _address = file.Add(cfg0, 8, name + "_IRQ_CFG0", fields: "ADDR 51:2; 0: no MSI");
        _data = file.Add(cfg1, 4, name + "_IRQ_CFG1", fields: "DATA 31:0");
        file.Add(cfg2, 4, name + "_IRQ_CFG2", fields: "SH 5:4, MEMATTR 3:0");
    }

    /// <summary>Writes the message, if one is set up.</summary>
    /// <returns>False when the write was aborted.</returns>
    public bool Send()
    {
        var address = _address.Value.InPlace(51, 2);
        return address == 0 || _memory.Write32(address, (uint)_data.Value);
    }
}
