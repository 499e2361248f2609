using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Runtime power management of an M4U as the driver does it: counted users, registers saved and restored.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/mtk_iommu.c:1375 and :1400.</remarks>
internal sealed class MtkPower(MtkHardware hardware)
{
    private static readonly ulong[] Globals =
        [MtkRegisters.WriteLength, MtkRegisters.Miscellaneous, MtkRegisters.ClockManagement, MtkRegisters.Control, MtkRegisters.ValidRange];

    private static readonly ulong[] OfBank = [MtkRegisters.InterruptControl, MtkRegisters.InterruptMain, MtkRegisters.ProtectAddress];

    private readonly Dictionary<ulong, ulong> _saved = [];
    private int _users;

    /// <summary>Whether anybody holds it awake.</summary>
    public bool IsInUse => _users > 0;

    /// <summary>Everything is invalidated, by bank 0.</summary>
    public static IEnumerable<DriverStep> InvalidateAll(MtkHardware hardware)
    {
        yield return DriverStep.Write(hardware.InvalidateSelect, MtkRegisters.BothMmus);
        yield return DriverStep.Write(MtkRegisters.Invalidate, MtkRegisters.InvalidateAll);
    }

    /// <summary>One more user.</summary>
    /// <param name="tableOf">The value of a bank's PT_BASE; null for a bank that is not in use.</param>
    public IEnumerable<DriverStep> Get(Func<int, uint?> tableOf)
    {
        if (_users++ > 0 || _saved.GetValueOrDefault(MtkRegisters.WriteLength) == 0)
            yield break;
        foreach (var offset in Globals)
            yield return DriverStep.Write(offset, _saved[offset]);
        foreach (var bank in Banks())
        {
            if (tableOf(bank) is not { } table)
                continue;
            var first = (ulong)bank * MtkRegisters.BankSize;
            foreach (var offset in OfBank)
                yield return DriverStep.Write(first + offset, _saved[first + offset]);
            yield return DriverStep.Write(first + MtkRegisters.TableBase, table);
        }

        foreach (var step in InvalidateAll(hardware))
            yield return step;
    }

    /// <summary>One user less.</summary>
    public IEnumerable<DriverStep> Put()
    {
        if (_users == 0 || --_users > 0)
            yield break;
        foreach (var offset in Globals.Concat(Banks().SelectMany(bank => OfBank.Select(offset => ((ulong)bank * MtkRegisters.BankSize) + offset))))
        {
            var read = DriverStep.Read(offset);
            yield return read;
            _saved[offset] = read.Value;
        }
    }

    private IEnumerable<int> Banks() => Enumerable.Range(0, hardware.Banks.Count).Where(bank => hardware.Banks[bank] != 0);
}
