using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>The driver's two sequences that switch a SysMMU on and off.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c.</remarks>
internal static class ExynosSwitch
{
    /// <summary>Blocks, configures, flushes, enables (__sysmmu_enable, :566).</summary>
    public static IEnumerable<DriverStep> Enable(ExynosUnit unit)
    {
        var (layout, root) = (unit.Layout!, unit.Domain!.Tables!.Root);
        yield return DriverStep.Write(ExynosRegisters.Control, ExynosRegisters.ControlBlock, unit: unit.Index);
        yield return DriverStep.Write(ExynosRegisters.Configuration, ConfigurationOf(unit.Version), unit: unit.Index);
        yield return DriverStep.Write(layout.TableBase, unit.Version.Major >= 5 ? root >> 12 : root, unit: unit.Index);
        yield return DriverStep.Write(layout.FlushAll, ExynosRegisters.Flush, unit: unit.Index);
        if (layout.HasVirtualMachines)
        {
            var machine = DriverStep.Read(ExynosRegisters.ControlVm, unit: unit.Index);
            yield return machine;
            yield return DriverStep.Write(ExynosRegisters.ControlVm, machine.Value | ExynosRegisters.VmEnable | ExynosRegisters.VmStall, unit: unit.Index);
        }

        yield return DriverStep.Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable, unit: unit.Index);
        unit.IsActive = true;
    }

    /// <summary>Switches off (__sysmmu_disable, :530): neither PT_BASE nor TLB nor CTRL_VM is touched.</summary>
    public static IEnumerable<DriverStep> Disable(ExynosUnit unit)
    {
        yield return DriverStep.Write(ExynosRegisters.Control, ExynosRegisters.ControlDisable, unit: unit.Index);
        yield return DriverStep.Write(ExynosRegisters.Configuration, 0, unit: unit.Index);
        unit.IsActive = false;
    }

    // __sysmmu_init_config (:538).
    private static uint ConfigurationOf(ExynosVersion version)
    {
        const uint Always = ExynosRegisters.CheckAccess | ExynosRegisters.HighestQos;
        if (version <= new ExynosVersion(3, 1))
            return Always | ExynosRegisters.ReplaceLru;
        if (version <= new ExynosVersion(3, 2))
            return Always | ExynosRegisters.ReplaceLru | ExynosRegisters.UseFlpdCache | ExynosRegisters.SystemSelect;
        return Always | ExynosRegisters.UseFlpdCache | ExynosRegisters.GateClock;
    }
}
