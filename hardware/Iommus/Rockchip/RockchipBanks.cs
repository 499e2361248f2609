using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>The driver's register sequences for one instance: every bank is programmed alike, a state is reached when all banks have reached it.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/rockchip-iommu.c; line numbers are of 6.1.192 unless they are marked 6.12 (6.12.117).</remarks>
internal sealed class RockchipBanks(KernelVersion kernel, RockchipHardware hardware, RockchipDriverOptions options, int firstUnit)
{
    private readonly int[] _units = [.. Enumerable.Range(firstUnit, options.Banks)];
    private bool _all;

    // How the last sequence ended.
    public Errno Error { get; private set; }

    // rk_iommu_enable (:922).
    public IEnumerable<DriverStep> Enable(ulong directory)
    {
        foreach (var step in EnableStall())
            yield return step;
        if (Error != Errno.None)
            yield break;
        foreach (var step in ForceReset())
            yield return step;
        if (Error == Errno.None)
        {
            foreach (var step in _units.SelectMany(unit => SetUp(unit, directory)).Concat(EnablePaging()))
                yield return step;
        }

        var error = Error;
        foreach (var step in DisableStall())
            yield return step;
        Error = error;
    }

    // rk_iommu_disable (:905): errors are passed over.
    public IEnumerable<DriverStep> Disable()
    {
        foreach (var step in EnableStall().Concat(DisablePaging()))
            yield return step;
        foreach (var unit in _units)
        {
            yield return DriverStep.Write(RockchipRegisters.InterruptMask, 0, unit: unit);
            yield return DriverStep.Write(RockchipRegisters.DirectoryAddress, 0, unit: unit);
        }

        foreach (var step in DisableStall())
            yield return step;
        Error = Errno.None;
    }

    // rk_iommu_zap_lines.
    public IEnumerable<DriverStep> Zap(ulong iova, ulong size)
    {
        foreach (var unit in _units)
        {
            for (var offset = 0UL; offset < size; offset += RockchipPageTable.PageSize)
                yield return DriverStep.Write(RockchipRegisters.ZapOneLine, (uint)(iova + offset), unit: unit);
        }
    }

    // rk_iommu_irq (:580). Result: 1 when a bank had an interrupt, else 0.
    public IEnumerable<DriverStep> HandleInterrupt(Action<uint, bool> report)
    {
        var handled = 0;
        foreach (var unit in _units)
        {
            var interrupt = DriverStep.Read(RockchipRegisters.InterruptStatus, unit: unit);
            yield return interrupt;
            if (interrupt.Value == 0)
                continue;
            handled = 1;
            var address = DriverStep.Read(RockchipRegisters.PageFaultAddress, unit: unit);
            yield return address;
            if ((interrupt.Value & RockchipRegisters.PageFault) != 0)
            {
                var status = DriverStep.Read(RockchipRegisters.Status, unit: unit);
                yield return status;
                yield return DriverStep.Read(RockchipRegisters.DirectoryAddress, unit: unit);
                report((uint)address.Value, (status.Value & RockchipRegisters.PageFaultIsWrite) != 0);
                yield return Order(RockchipCommand.ZapCache, unit);
                yield return Order(RockchipCommand.PageFaultDone, unit);
            }

            yield return DriverStep.Write(RockchipRegisters.InterruptClear, interrupt.Value, unit: unit);
        }

        yield return DriverStep.Return(handled);
    }

    private static DriverStep Order(RockchipCommand command, int unit) => DriverStep.Write(RockchipRegisters.Command, (ulong)command, unit: unit);

    private IEnumerable<DriverStep> SetUp(int unit, ulong directory)
    {
        yield return DriverStep.Write(RockchipRegisters.DirectoryAddress, hardware.EncodeAddress(directory) | RockchipHardware.Valid, unit: unit);
        yield return Order(RockchipCommand.ZapCache, unit);
        yield return DriverStep.Write(RockchipRegisters.InterruptMask, RockchipRegisters.PageFault | RockchipRegisters.BusError, unit: unit);
        var gating = DriverStep.Read(RockchipRegisters.AutoGating, unit: unit);
        yield return gating;
        yield return DriverStep.Write(RockchipRegisters.AutoGating, gating.Value | RockchipRegisters.DisableFetchTimeLimit, unit: unit);
    }

    // rk_iommu_enable_stall (:409). 6.12 acknowledges a stale page fault first, since a bank that has one ignores the command (6.12 :424-435).
    private IEnumerable<DriverStep> EnableStall()
    {
        Error = Errno.None;
        foreach (var step in CheckStatus(RockchipRegisters.StallActive))
            yield return step;
        if (_all)
            yield break;
        foreach (var step in CheckStatus(RockchipRegisters.PagingEnabled))
            yield return step;
        if (!_all)
            yield break;
        if (kernel == KernelVersion.Linux612)
        {
            foreach (var step in _units.SelectMany(AcknowledgeStaleFault))
                yield return step;
        }

        foreach (var step in Change(RockchipCommand.EnableStall, RockchipRegisters.StallActive, on: true))
            yield return step;
    }

    private static IEnumerable<DriverStep> AcknowledgeStaleFault(int unit)
    {
        var status = DriverStep.Read(RockchipRegisters.Status, unit: unit);
        yield return status;
        if ((status.Value & RockchipRegisters.PageFaultActive) != 0)
            yield return Order(RockchipCommand.PageFaultDone, unit);
    }

    private IEnumerable<DriverStep> DisableStall() => ChangeUnless(RockchipCommand.DisableStall, RockchipRegisters.StallActive, on: false);

    private IEnumerable<DriverStep> EnablePaging() => ChangeUnless(RockchipCommand.EnablePaging, RockchipRegisters.PagingEnabled, on: true);

    private IEnumerable<DriverStep> DisablePaging() => ChangeUnless(RockchipCommand.DisablePaging, RockchipRegisters.PagingEnabled, on: false);

    // rk_iommu_force_reset (:498): writes a pattern to DTE_ADDR and reads it back, resets, and waits for DTE_ADDR to read 0.
    private IEnumerable<DriverStep> ForceReset()
    {
        if (options.ResetDisabled)
            yield break;
        var pattern = (uint)hardware.DecodeAddress(RockchipRegisters.DirectoryDummy);
        foreach (var unit in _units)
        {
            yield return DriverStep.Write(RockchipRegisters.DirectoryAddress, pattern, unit: unit);
            var written = DriverStep.Read(RockchipRegisters.DirectoryAddress, unit: unit);
            yield return written;
            if (written.Value == pattern)
                continue;
            Error = Errno.EFAULT;
            yield break;
        }

        foreach (var unit in _units)
            yield return Order(RockchipCommand.ForceReset, unit);
        foreach (var step in Poll(() => Check(RockchipRegisters.DirectoryAddress, value => value == 0), awaited: true))
            yield return step;
    }

    private IEnumerable<DriverStep> ChangeUnless(RockchipCommand command, uint bit, bool on)
    {
        Error = Errno.None;
        foreach (var step in CheckStatus(bit))
            yield return step;
        if (_all == on)
            yield break;
        foreach (var step in Change(command, bit, on))
            yield return step;
    }

    // After a timeout each bank's STATUS is read once more, for the log.
    private IEnumerable<DriverStep> Change(RockchipCommand command, uint bit, bool on)
    {
        foreach (var unit in _units)
            yield return Order(command, unit);
        foreach (var step in Poll(() => CheckStatus(bit), on))
            yield return step;
        if (Error == Errno.None)
            yield break;
        foreach (var unit in _units)
            yield return DriverStep.Read(RockchipRegisters.Status, unit: unit);
    }

    private IEnumerable<DriverStep> Poll(Func<IEnumerable<DriverStep>> pass, bool awaited)
    {
        for (var i = 0; i < options.PollReads; i++)
        {
            foreach (var step in pass())
                yield return step;
            if (_all == awaited)
                yield break;
        }

        Error = Errno.ETIMEDOUT;
    }

    private IEnumerable<DriverStep> CheckStatus(uint bit) => Check(RockchipRegisters.Status, value => (value & bit) != 0);

    // One pass: every bank is read, whatever the ones before it said.
    private IEnumerable<DriverStep> Check(ulong offset, Func<ulong, bool> test)
    {
        _all = true;
        foreach (var unit in _units)
        {
            var read = DriverStep.Read(offset, unit: unit);
            yield return read;
            _all &= test(read.Value);
        }
    }
}
