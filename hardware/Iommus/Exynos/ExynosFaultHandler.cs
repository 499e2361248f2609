using System.Numerics;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>The driver's interrupt handler: reads one fault, tells the domain's handler, clears it and lets the SysMMU go on.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c:472, exynos_sysmmu_irq; 6.12 the same function and the get_fault_info of each version.</remarks>
internal sealed class ExynosFaultHandler(KernelVersion kernel, Func<ulong, DmaAccess, Errno>? handler)
{
    /// <summary>Handles the fault of one SysMMU. Result: 1 when it had one, else 0. CTRL is 5 afterwards, even where a detach has written 0 meanwhile.</summary>
    /// <exception cref="KernelBugException">A bit without meaning or a SysMMU without a domain (6.1), or a fault that the domain's handler did not deal with.</exception>
    public IEnumerable<DriverStep> Handle(ExynosUnit unit)
    {
        var status = DriverStep.Read(unit.Layout!.InterruptStatus, unit: unit.Index);
        yield return status;
        if (status.Value == 0)
        {
            yield return DriverStep.Return(0);
            yield break;
        }

        var bit = BitOperations.TrailingZeroCount(status.Value);
        var tellsInformation = kernel == KernelVersion.Linux612 && unit.Layout.FaultInformation != 0;
        var source = tellsInformation ? unit.Layout.FaultAddress : ExynosFaults.AddressRegister(bit, unit.Version);
        if (source is { } register)
        {
            var information = DriverStep.Read(unit.Layout.FaultInformation, unit: unit.Index);
            if (tellsInformation)
                yield return information;
            var address = DriverStep.Read(register, unit: unit.Index);
            yield return address;
            var write = tellsInformation ? (information.Value & ExynosRegisters.FaultOfWrite) != 0 : IsWrite(bit, unit.Version);
            Report(unit, address.Value, write ? DmaAccess.Write : DmaAccess.Read);
        }
        else if (kernel == KernelVersion.Linux61)
        {
            throw new KernelBugException($"BUG_ON in exynos_sysmmu_irq: INT_STATUS bit {bit} is no fault of {unit.Version} (6.1 drivers/iommu/exynos-iommu.c:472)");
        }

        yield return DriverStep.Write(unit.Layout.InterruptClear, 1UL << bit, unit: unit.Index);
        yield return DriverStep.Write(ExynosRegisters.Control, ExynosRegisters.ControlEnable, unit: unit.Index);
        yield return DriverStep.Return(1);
    }

    // As the tables of 6.1 have it: a page fault of v1 to v3 counts as a read.
    private static bool IsWrite(int bit, ExynosVersion version) => version.Major < 5 ? bit is 2 or 6 or 7 : bit >= 16;

    // 6.12 takes the success of reading the fault for the answer where there is no domain to ask, so it goes on; 6.1 starts from -ENOSYS. Both look at the first-level word
    // first, for their log, then through a table address of 0; that read is left out here.
    private void Report(ExynosUnit unit, ulong address, DmaAccess access)
    {
        if (unit.Domain == null && kernel == KernelVersion.Linux612)
            return;
        var errno = unit.Domain == null || handler == null ? Errno.ENOSYS : handler(address, access);
        if (errno == Errno.None)
            return;
        var stop = kernel == KernelVersion.Linux61 ? "BUG_ON in exynos_sysmmu_irq (6.1 drivers/iommu/exynos-iommu.c:510)" : "panic in exynos_sysmmu_irq (6.12 drivers/iommu/exynos-iommu.c:591)";
        throw new KernelBugException($"{stop}: nobody dealt with the fault at 0x{address:x} (-{errno})");
    }
}
