using Emulator.Hardware.Drivers;
using Emulator.Hardware.Registers;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>Bring-up, reset and shutdown.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu.c:1602 arm_smmu_device_reset, :1675 arm_smmu_device_cfg_probe, :2006 arm_smmu_rmr_install_bypass_smr;
/// arm-smmu-impl.c arm_mmu500_reset; arm-smmu-qcom.c qcom_smmu_cfg_probe.</remarks>
internal sealed class BringUp(DriverState state)
{
    private const uint Any = uint.MaxValue;
    private const int QualcommStreamEntries = 128;
    private const ulong Mmu500CacheLock = 1UL << 26;
    private const ulong Mmu500BypassEntries = (1UL << 8) | (1UL << 10);
    private const ulong Mmu500Prefetch = 1UL << 1;

    public IEnumerable<DriverStep> Probe()
    {
        var id0 = DriverStep.Read(R.Id0);
        yield return id0;
        if (Features.CheckId0((uint)id0.Value, state.Options) is var error && error != Errno.None)
        {
            yield return DriverStep.Fail(error);
            yield break;
        }

        var id1 = DriverStep.Read(R.Id1);
        yield return id1;
        var layout = new ArmSmmuLayout((uint)id1.Value);
        if (layout.Stage2Banks > layout.Banks)
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        var id2 = DriverStep.Read(R.Id2);
        yield return id2;
        var features = Features.Decode((uint)id0.Value, (uint)id1.Value, (uint)id2.Value, state.Options);
        var qualcomm = state.Options.Model == ArmSmmuModel.Qualcomm;
        var entries = qualcomm ? Math.Min(features.StreamEntries, QualcommStreamEntries) : features.StreamEntries;
        state.Adopt(features, new StreamEntries(features, entries, state.Options.DisableBypass));
        foreach (var step in qualcomm ? ProbeFirmware() : [])
            yield return step;
        if (features.Version == 2 && state.Options.ContextInterrupts is > 0 and var interrupts && interrupts < layout.Banks)
        {
            yield return DriverStep.Fail(Errno.ENODEV);
            yield break;
        }

        var control = DriverStep.Read(R.Control);
        yield return control;
        yield return DriverStep.Write(R.Control, control.Value | (uint)GlobalControl.ClientPortDisable);
        foreach (var stream in state.Options.ReservedStreams)
            state.Streams.Reserve((ushort)stream.Value);
        foreach (var step in Reset().Concat(state.Streams.TestMasks()))
            yield return step;
    }

    public IEnumerable<DriverStep> Reset()
    {
        var status = DriverStep.Read(R.GlobalFaultStatus);
        yield return status;
        yield return DriverStep.Write(R.GlobalFaultStatus, status.Value);
        foreach (var step in state.Streams.WriteAll())
            yield return step;
        var layout = state.Features.Layout;
        for (var bank = 0; bank < layout.Banks; bank++)
        {
            foreach (var step in ContextBankWriter.Write(state, bank))
                yield return step;
            yield return DriverStep.Write(layout.Bank(bank) + R.FaultStatus, R.AnyFault);
        }

        yield return DriverStep.Write(R.TlbiAllHypervisor, Any);
        yield return DriverStep.Write(R.TlbiAllNonHypervisor, Any);
        var control = DriverStep.Read(R.Control);
        yield return control;
        foreach (var step in (state.Options.Model == ArmSmmuModel.Generic ? [] : ResetMmu500()).Concat(Invalidations.SyncGlobal()))
            yield return step;
        yield return DriverStep.Write(R.Control, (uint)Enable((GlobalControl)control.Value));
    }

    public static IEnumerable<DriverStep> Shutdown() => [DriverStep.Write(R.Control, (uint)GlobalControl.ClientPortDisable)];

    private GlobalControl Enable(GlobalControl control)
    {
        control |= GlobalControl.GlobalFaultReport | GlobalControl.GlobalFaultInterrupt | GlobalControl.ConfigurationFaultReport
            | GlobalControl.ConfigurationFaultInterrupt | GlobalControl.VmidPrivateNamespace | GlobalControl.PrivateTlbMaintenance;
        control &= ~(GlobalControl.ClientPortDisable | GlobalControl.UnidentifiedStreamFault | GlobalControl.ForceBroadcast | GlobalControl.BarrierUpgrade);
        if (state.Options.DisableBypass)
            control |= GlobalControl.UnidentifiedStreamFault;
        if (state.Features.WideVmids)
            control |= GlobalControl.WideVmids;
        return state.Features.ExtendedIds ? control | GlobalControl.ExtendedIds : control;
    }

    private IEnumerable<DriverStep> ResetMmu500()
    {
        var revision = DriverStep.Read(R.Id7);
        yield return revision;
        var control = DriverStep.Read(R.AuxiliaryControl);
        yield return control;
        var kept = revision.Value.Number(7, 4) >= 2 ? control.Value & ~Mmu500CacheLock : control.Value;
        yield return DriverStep.Write(R.AuxiliaryControl, kept | Mmu500BypassEntries);
        for (var bank = 0; bank < state.Features.Layout.Banks; bank++)
        {
            var offset = state.Features.Layout.Bank(bank) + R.BankAuxiliaryControl;
            var prefetch = DriverStep.Read(offset);
            yield return prefetch;
            yield return DriverStep.Write(offset, prefetch.Value & ~Mmu500Prefetch);

            // 6.12 looks whether the write took effect, for a warning.
            if (state.Kernel != KernelVersion.Linux61)
                yield return DriverStep.Read(offset);
        }
    }

    // Whether the firmware lets a bypass through; and the streams that it had in use.
    private IEnumerable<DriverStep> ProbeFirmware()
    {
        var (streams, layout) = (state.Streams, state.Features.Layout);
        var last = R.StreamToContext + (4 * ((ulong)streams.Count - 1));
        yield return DriverStep.Write(last, new StreamToContextEntry { Type = StreamType.Bypass, Bank = 0xff }.Raw);
        var found = DriverStep.Read(last);
        yield return found;
        if (new StreamToContextEntry((uint)found.Value).Type != StreamType.Bypass)
        {
            var bank = layout.Banks - 1;
            streams.BypassBank = bank;
            state.Reserve(bank);
            yield return DriverStep.Write(layout.Bank(bank) + R.BankControl, 0);
            yield return DriverStep.Write(layout.Page1 + (4 * (ulong)bank) + R.BankAttributes, new ContextBankAttributes { Type = ContextBankType.Stage1 }.Raw);
        }

        for (var i = 0; i < streams.Count; i++)
        {
            var match = DriverStep.Read(R.StreamMatch + (4 * (ulong)i));
            yield return match;
            if (new StreamMatchEntry((uint)match.Value) is { Valid: true } entry)
                streams.Adopt(i, entry);
        }
    }
}
