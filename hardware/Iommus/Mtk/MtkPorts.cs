using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>The silicon that decides for each port whether its DMA goes through the M4U: larbs, the peripheral configuration, or what firmware set.</summary>
/// <remarks>A port's number is larb &lt;&lt; 5 | port in the larb (Linux include/dt-bindings/memory/mtk-memory-port.h); an infrastructure IOMMU has no larbs.</remarks>
public sealed class MtkPorts
{
    /// <summary>Larbs that are modelled.</summary>
    public const int Larbs = 32;

    /// <summary>Ports of a larb.</summary>
    public const int PortsPerLarb = 32;

    private readonly bool[] _translated = new bool[Larbs * PortsPerLarb];
    private readonly uint[] _regions = new uint[Larbs * PortsPerLarb];

    /// <summary>Makes the blocks of a chip, everything bypassing.</summary>
    /// <param name="hardware">The chip.</param>
    /// <param name="fourGigabytes">Whether its DRAM is remapped for 4 GiB.</param>
    public MtkPorts(MtkHardware hardware, bool fourGigabytes = false)
    {
        ArgumentNullException.ThrowIfNull(hardware);
        Infrastructure = new RegisterFile("infracfg", 0x1000);
        Infrastructure.Add(MtkRegisters.InfraMiscellaneous, 4, "INFRA_MISC", RegisterAccess.ReadOnly, fourGigabytes ? MtkRegisters.FourGigabytes : 0, "[13] 4 GiB mode");
        Peripheral = new RegisterFile("pericfg", 0x1000);
        if (hardware.Ports == MtkPortKind.Peripheral)
            Peripheral.Add(MtkRegisters.PeripheralPorts, 4, "PERICFG_IOMMU_1", fields: "a bit for each port: through the IOMMU", onWrite: value => SetMask(0, value));
        if (hardware.Ports == MtkPortKind.InfrastructureFirmware)
        {
            Peripheral.Add(MtkRegisters.FirmwareEnable, 4, "FIRMWARE_INFRA_ON", RegisterAccess.WriteOnly, fields: "a bit for each port; stands for the call into firmware", onWrite: ports => Switch(ports, true));
            Peripheral.Add(MtkRegisters.FirmwareDisable, 4, "FIRMWARE_INFRA_OFF", RegisterAccess.WriteOnly, fields: "a bit for each port; stands for the call into firmware", onWrite: ports => Switch(ports, false));
        }

        LarbBlocks = hardware.IsInfrastructure ? [] : [.. Enumerable.Range(0, Larbs).Select(larb => MakeLarb(hardware, larb))];
    }

    /// <summary>The infrastructure configuration.</summary>
    public RegisterFile Infrastructure { get; }

    /// <summary>The peripheral configuration.</summary>
    public RegisterFile Peripheral { get; }

    /// <summary>The larbs' registers; where firmware switches ports, what firmware is called with.</summary>
    public IReadOnlyList<RegisterFile> LarbBlocks { get; }

    /// <summary>All blocks, in the order in which a bus numbers them.</summary>
    public IReadOnlyList<RegisterFile> Blocks => [Infrastructure, Peripheral, .. LarbBlocks];

    /// <summary>Whether a port goes through the M4U.</summary>
    public bool IsTranslated(uint port) => port < (uint)_translated.Length && _translated[port];

    /// <summary>Bits 33:32 of the addresses that a port sends.</summary>
    public ulong RegionOf(uint port) => _regions[port];

    private RegisterFile MakeLarb(MtkHardware hardware, int larb)
    {
        var file = new RegisterFile($"larb{larb}", 0x1000);
        switch (hardware.Ports)
        {
            case MtkPortKind.LarbMask:
                file.Add(hardware.LarbMask, 4, "SMI_LARB_MMU_EN", fields: "a bit for each port: through the M4U", onWrite: value => SetMask(larb, value));
                break;
            case MtkPortKind.Firmware:
                file.Add(MtkRegisters.FirmwareEnable, 4, "FIRMWARE_MMU_EN", RegisterAccess.WriteOnly, fields: "a bit for each port; stands for the call into firmware", onWrite: value => SetMask(larb, value));
                AddPorts("[9:8] region, and three copies of it; [0] no effect here", (port, value) => _regions[port] = (uint)(value >> 8) & 3);
                break;
            default:
                AddPorts("[0] through the M4U, [9:8] region, and three copies of it", (port, value) => (_translated[port], _regions[port]) = ((value & MtkRegisters.LarbPortEnable) != 0, (uint)(value >> 8) & 3));
                break;
        }

        return file;

        void AddPorts(string fields, Action<int, ulong> set) => file.AddArray(
            MtkRegisters.LarbPort, PortsPerLarb, 4, 4, "SMI_LARB_NONSEC_CON", fields: fields, onWrite: (port, value) => set((larb * PortsPerLarb) + port, value));
    }

    private void SetMask(int larb, ulong mask)
    {
        for (var port = 0; port < PortsPerLarb; port++)
            _translated[(larb * PortsPerLarb) + port] = ((mask >> port) & 1) != 0;
    }

    private void Switch(ulong ports, bool translated)
    {
        for (var port = 0; port < PortsPerLarb; port++)
            _translated[port] = ((ports >> port) & 1) != 0 ? translated : _translated[port];
    }
}
