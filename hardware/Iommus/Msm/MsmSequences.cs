using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmShort;
using R = Emulator.Hardware.Iommus.Msm.MsmRegisters;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>The driver's register sequences. A field is written by a read and a write of its word, one field after the other.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/msm_iommu.c.</remarks>
internal static class MsmSequences
{
    /// <summary>A write to a bank's register.</summary>
    public static IEnumerable<DriverStep> Write(int unit, int bank, ulong register, ulong value) => Write(unit, R.Bank(bank) + register, value);

    /// <summary>A read of a bank's register.</summary>
    public static DriverStep Read(int unit, int bank, ulong register) => DriverStep.Read(R.Bank(bank) + register, unit: unit);

    /// <summary>Sets a field of a register.</summary>
    public static IEnumerable<DriverStep> Set(int unit, ulong offset, int shift, uint mask, uint value)
    {
        var word = DriverStep.Read(offset, unit: unit);
        yield return word;
        yield return DriverStep.Write(offset, (word.Value & ~((ulong)mask << shift)) | ((ulong)(value & mask) << shift), unit: unit);
    }

    /// <summary>Sets a bit of a bank's register.</summary>
    public static IEnumerable<DriverStep> SetBit(int unit, int bank, ulong register, int bit) => Set(unit, R.Bank(bank) + register, bit, 1, 1);

    /// <summary>msm_iommu_reset: the global registers, then each bank.</summary>
    public static IEnumerable<DriverStep> Reset(int unit, int banks) => DriverSequence.InTurn(
    [
        Set(unit, R.GlobalControl, 0, 1, 0),
        Set(unit, R.GlobalControl, 2, 1, 0),
        Write(unit, R.ErrorStatusRestore, 0),
        Set(unit, R.TestBusControl, 0, 1, 0),
        Write(unit, R.GlobalControl, 0),
        Set(unit, R.TestBusControl, 16, 1, 0),
        Write(unit, R.TestBusControl, 0),
        Write(unit, R.TlbSwitch, 0),
        Write(unit, R.GlobalTlbiAll, 0),
        Write(unit, R.ProtectionAccess, 0),
        Set(unit, R.GlobalControl, R.TlbLockWritable, 1, 1),
        .. Enumerable.Range(0, banks).Select(bank => ResetContext(unit, bank).Concat(Write(unit, bank, R.ContextId, 0))),
    ]);

    /// <summary>__reset_context (:236). The bypass attributes are those of the MID that has the bank's number.</summary>
    public static IEnumerable<DriverStep> ResetContext(int unit, int bank)
    {
        var route = R.MasterToBank + (4 * (ulong)bank);
        return DriverSequence.InTurn(
        [
            Set(unit, route, 17, 1, 0),
            Set(unit, route, 18, 1, 0),
            Set(unit, route, 19, 1, 0),
            Set(unit, route, 20, 3, 0),
            Set(unit, route, 24, 1, 0),
            Write(unit, bank, R.AuxiliaryControl, 0),
            Write(unit, bank, R.Control, 0),
            Write(unit, bank, R.FaultStatusRestore, 0),
            Write(unit, bank, R.TableBase0, 0),
            Write(unit, bank, R.TableBase1, 0),
            Write(unit, bank, R.TableControl, 0),
            Write(unit, bank, R.PrefetchControl, 0),
            Write(unit, bank, R.PhysicalAddress, 0),
            Write(unit, bank, R.FaultAddress, 0),
            Write(unit, bank, R.TlbiAll, 0),
            Write(unit, bank, R.TlbFirstLevel, 0),
            Write(unit, bank, R.TlbSecondLevel, 0),
            Write(unit, bank, R.TlbLock, 0),
        ]);
    }

    /// <summary>config_mids: routes the master's MIDs to its bank. From the first write to the fourth a MID is routed to bank 0.</summary>
    public static IEnumerable<DriverStep> Route(int unit, IEnumerable<int> mids, int bank)
    {
        var attributes = R.BankAttributes + (4 * (ulong)bank);
        return mids.SelectMany(mid =>
        {
            var route = R.MasterToBank + (4 * (ulong)mid);
            return DriverSequence.InTurn(
            [
                Write(unit, route, 0),
                Write(unit, attributes, 0),
                Set(unit, route, 0, 0x1f, 0),
                Set(unit, route, 8, 0xff, (uint)bank),
                Set(unit, attributes, 16, 0x1f, 0),
                Set(unit, R.Bank(bank) + R.ContextId, 0, 0xff, (uint)bank),
                Set(unit, route, 22, 3, 3),
            ]);
        });
    }

    /// <summary>__program_context (:257): the bank is enabled last.</summary>
    public static IEnumerable<DriverStep> Program(int unit, int bank, uint tableBase)
    {
        var auxiliary = R.Bank(bank) + R.AuxiliaryControl;
        return DriverSequence.InTurn(
        [
            ResetContext(unit, bank),
            SetBit(unit, bank, R.Control, R.TexRemap),
            SetBit(unit, bank, R.Control, R.AccessFlagEnable),
            Set(unit, auxiliary, R.MissConfiguration, 3, R.WalkOnMiss),
            Set(unit, auxiliary, R.TranslateConfiguration, 3, R.WalkOnMiss),
            Write(unit, bank, R.TableControl, 0),
            Write(unit, bank, R.TableBase0, tableBase),
            Write(unit, bank, R.TableBase1, 0),
            Write(unit, bank, R.PrimaryRegionRemap, ArmShortPageTable.PrimaryRegionRemap),
            Write(unit, bank, R.NormalMemoryRemap, ArmShortPageTable.NormalMemoryRemap),
            Write(unit, bank, R.TlbiAll, 0),
            Set(unit, R.BankAttributes + (4 * (ulong)bank), 24, 0xff, 0),
            SetBit(unit, bank, R.AuxiliaryControl, R.FaultInterrupt),
            SetBit(unit, bank, R.AuxiliaryControl, R.FaultStalls),
            SetBit(unit, bank, R.AuxiliaryControl, R.RedirectOuter + 1),
            SetBit(unit, bank, R.AuxiliaryControl, R.RedirectOuter),
            SetBit(unit, bank, R.AuxiliaryControl, R.RedirectOuter + 2),
            SetBit(unit, bank, R.PrefetchControl, 0),
            SetBit(unit, bank, R.Control, R.Enable),
        ]);
    }

    private static IEnumerable<DriverStep> Write(int unit, ulong offset, ulong value)
    {
        yield return DriverStep.Write(offset, value, unit: unit);
    }
}
