using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The protected memory regions, low and high, of a unit that has them. They hold while translation is off.</summary>
public sealed class VtdProtectedMemory
{
    private const ulong Granule = 0x20_0000;

    // Base and limit of each region.
    private readonly List<(Register Base, Register Limit)> _regions = [];
    private readonly Register? _enable;

    /// <summary>Declares the registers that the capabilities name.</summary>
    public VtdProtectedMemory(RegisterFile registers, VtdCapability capability)
    {
        ArgumentNullException.ThrowIfNull(registers);
        if (!capability.ProtectedLow && !capability.ProtectedHigh)
            return;
        _enable = registers.Add(IntelVtdRegisters.ProtectedMemoryEnable, 4, "PMEN", fields: "31 EPM, 0 PRS", onWrite: value =>
            _enable!.Value = (value & IntelVtdRegisters.EnableProtectedMemory) != 0 ? IntelVtdRegisters.EnableProtectedMemory | IntelVtdRegisters.ProtectedMemoryStatus : 0);
        if (capability.ProtectedLow)
            _regions.Add((registers.Add(IntelVtdRegisters.ProtectedLowBase, 4, "PLMBASE"), registers.Add(IntelVtdRegisters.ProtectedLowLimit, 4, "PLMLIMIT")));
        if (capability.ProtectedHigh)
            _regions.Add((registers.Add(IntelVtdRegisters.ProtectedHighBase, 8, "PHMBASE"), registers.Add(IntelVtdRegisters.ProtectedHighLimit, 8, "PHMLIMIT")));
    }

    /// <summary>Whether an address is closed to DMA.</summary>
    public bool Refuses(ulong address)
    {
        if (_enable == null || (_enable.Value & IntelVtdRegisters.EnableProtectedMemory) == 0)
            return false;
        foreach (var (first, limit) in _regions)
        {
            if (address >= (first.Value & ~(Granule - 1)) && address <= (limit.Value | (Granule - 1)))
                return true;
        }

        return false;
    }
}
