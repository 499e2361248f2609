using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Which ports go through the M4U, as the kernel keeps it and as it programs it.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/mtk_iommu.c:530 (mtk_iommu_config), drivers/memory/mtk-smi.c:221-284 (what a larb is given when it wakes).</remarks>
internal sealed class MtkPortControl(KernelVersion kernel, MtkHardware hardware, MtkDriverOptions options)
{
    private readonly uint[] _masks = new uint[MtkPorts.Larbs];
    private readonly uint[] _regions = new uint[MtkPorts.Larbs * MtkPorts.PortsPerLarb];

    /// <summary>The ports of each larb that are to go through the M4U.</summary>
    public IReadOnlyList<uint> Masks => _masks;

    /// <summary>A device's ports.</summary>
    public static uint[] PortsOf(DmaDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return [.. device.Streams.Select(binding => binding.Stream.Value)];
    }

    /// <summary>A device's larb.</summary>
    public static int LarbOf(DmaDevice device) => (int)(PortsOf(device)[0] / MtkPorts.PortsPerLarb);

    /// <summary>A device's ports in its larb, a bit each.</summary>
    public static uint MaskOf(DmaDevice device) => PortsOf(device).Aggregate(0u, (mask, port) => mask | BitOf(port));

    /// <summary>A device is to go through the M4U: larbs learn it when they wake, an infrastructure's switch at once.</summary>
    /// <param name="device">The device.</param>
    /// <param name="region">First address of its region.</param>
    public IEnumerable<DriverStep> Enable(DmaDevice device, ulong region) => Configure(device, true, (uint)(region >> 32));

    /// <summary>A device is to bypass, likewise. Its region is forgotten.</summary>
    public IEnumerable<DriverStep> Disable(DmaDevice device) => Configure(device, false, 0);

    /// <summary>A larb wakes.</summary>
    public IEnumerable<DriverStep> Wake(int larb)
    {
        var unit = MtkDriver.FirstLarbUnit + larb;
        if (((hardware.DirectLarbs >> larb) & 1) != 0)
            yield break;
        if (hardware.Ports != MtkPortKind.LarbPorts)
            yield return DriverStep.Write(hardware.Ports == MtkPortKind.Firmware ? MtkRegisters.FirmwareEnable : hardware.LarbMask, _masks[larb], unit: unit);
        if (hardware.Ports == MtkPortKind.LarbMask)
            yield break;
        for (var port = 0; port < MtkPorts.PortsPerLarb; port++)
        {
            if ((_masks[larb] & (1u << port)) == 0)
                continue;
            var control = DriverStep.Read(MtkRegisters.LarbPort + (4 * (ulong)port), unit: unit);
            yield return control;
            var bits = MtkRegisters.LarbPortEnable | MtkRegisters.RegionBits(_regions[(larb * MtkPorts.PortsPerLarb) + port]);
            yield return DriverStep.Write(control.Address, control.Value | bits, unit: unit);
        }
    }

    private static uint BitOf(uint port) => 1u << (int)(port % MtkPorts.PortsPerLarb);

    private static IEnumerable<DriverStep> SwitchPeripheral(uint bits, bool enable)
    {
        var word = DriverStep.Read(MtkRegisters.PeripheralPorts, unit: MtkDriver.PeripheralUnit);
        yield return word;
        var value = enable ? word.Value | bits : word.Value & ~(ulong)bits;
        if (value != word.Value)
            yield return DriverStep.Write(MtkRegisters.PeripheralPorts, value, unit: MtkDriver.PeripheralUnit);
    }

    private IEnumerable<DriverStep> Configure(DmaDevice device, bool enable, uint region)
    {
        if (hardware.IsInfrastructure)
        {
            foreach (var step in ConfigureInfrastructure(device, enable))
                yield return step;
            yield break;
        }

        foreach (var port in PortsOf(device))
        {
            ref var mask = ref _masks[port / MtkPorts.PortsPerLarb];
            mask = enable ? mask | BitOf(port) : mask & ~BitOf(port);
            _regions[port] = region;
        }
    }

    // 6.1 switches port after port, 6.12 all at once, and refuses PCI devices with several.
    private IEnumerable<DriverStep> ConfigureInfrastructure(DmaDevice device, bool enable)
    {
        if (hardware.Ports == MtkPortKind.InfrastructureFirmware)
            return [DriverStep.Write(enable ? MtkRegisters.FirmwareEnable : MtkRegisters.FirmwareDisable, MaskOf(device), unit: MtkDriver.PeripheralUnit)];
        var isPci = options.IsPci(device);
        if (kernel == KernelVersion.Linux61)
            return PortsOf(device).SelectMany(port => SwitchPeripheral(isPci ? BitOf(port) | (BitOf(port) << 1) : BitOf(port), enable));
        if (isPci && device.Streams.Count != 1)
            return [DriverStep.Fail(Errno.ENODEV)];
        return SwitchPeripheral(isPci ? MaskOf(device) | (MaskOf(device) << 1) : MaskOf(device), enable);
    }
}
