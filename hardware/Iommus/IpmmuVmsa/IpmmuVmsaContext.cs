using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>One context of a root, decoded: which table, and the fault record.</summary>
internal sealed class IpmmuVmsaContext
{
    private readonly bool _twoBitStartLevel;
    private readonly Register _tableControl;
    private readonly Register _tableLow;
    private readonly Register _tableHigh;
    private ArmLpaeRegime _regime;
    private ulong _faultAddress;

    public IpmmuVmsaContext(RegisterFile registers, IpmmuVmsaHardware hardware, int index, Action<int, uint> onControl)
    {
        Index = index;
        _twoBitStartLevel = hardware.HasTwoBitStartLevel;
        Control = Add(IpmmuVmsaRegisters.Control, "IMCTR", "[2] INTEN, [1] FLUSH, [0] MMUEN", onWrite: value => onControl(index, (uint)value));
        _tableControl = Add(
            IpmmuVmsaRegisters.TableControl,
            "IMTTBCR",
            $"[31] EAE, [13:12] SH0, [11:10] ORGN0, [9:8] IRGN0, {(_twoBitStartLevel ? "[7:6]" : "[5:4]")} SL0, [2:0] TSZ0",
            onWrite: _ => Decode());
        if (hardware.HasBusControl)
            Add(IpmmuVmsaRegisters.BusControl, "IMBUSCR", "[2] DVM, [1:0] bus select");
        _tableLow = Add(IpmmuVmsaRegisters.TableLow, "IMTTLBR0", "[31:5] table address", onWrite: _ => Decode());
        _tableHigh = Add(IpmmuVmsaRegisters.TableHigh, "IMTTUBR0", "[7:0] table address, bits 39:32", onWrite: _ => Decode());
        Add(IpmmuVmsaRegisters.Status, "IMSTR", "[13:12] level, [10:8] code, [4] MHIT, [2] ABORT, [1] PF, [0] TF", () => Status, value => Status &= (uint)value);
        Add(IpmmuVmsaRegisters.Attributes, "IMMAIR0", "four memory attributes, a byte each");
        Add(IpmmuVmsaRegisters.FaultLow, "IMELAR", "address of the fault", () => Status == 0 ? 0 : _faultAddress & uint.MaxValue);
        Add(IpmmuVmsaRegisters.FaultHigh, "IMEUAR", "address of the fault, bits 63:32", () => Status == 0 ? 0 : _faultAddress >> 32);

        Register Add(ulong register, string name, string fields, Func<ulong>? onRead = null, Action<ulong>? onWrite = null) =>
            registers.Add(hardware.Context(index, register), 4, $"{name}[{index}]", fields: fields, onRead: onRead, onWrite: onWrite);
    }

    public int Index { get; }

    public Register Control { get; }

    public uint Status { get; private set; }

    public bool IsEnabled => (Control.Value & IpmmuVmsaRegisters.Enable) != 0;

    public bool InterruptAsserted => (Status & IpmmuVmsaRegisters.Errors) != 0 && (Control.Value & IpmmuVmsaRegisters.InterruptEnable) != 0;

    // IMTTBCR asks for long descriptors and a start level that exists.
    public bool IsTableValid { get; private set; }

    public ref readonly ArmLpaeRegime Regime => ref _regime;

    /// <summary>Records a fault.</summary>
    /// <returns>False when an earlier one is still there: its address, level and code stay.</returns>
    public bool Record(uint status, ulong address)
    {
        var first = Status == 0;
        if (first)
            _faultAddress = address;
        Status |= first ? status : status & IpmmuVmsaRegisters.Errors;
        return first;
    }

    private void Decode()
    {
        var control = _tableControl.Value;
        var startLevel = _twoBitStartLevel ? 3 - control.Number(7, 6) : 2 - control.Number(5, 4);
        IsTableValid = (control & IpmmuVmsaRegisters.LongDescriptors) != 0 && startLevel >= 1;
        if (!IsTableValid)
            return;
        var table = _tableLow.Value.InPlace(31, 5) | (_tableHigh.Value.Bits(7, 0) << 32);
        _regime = new ArmLpaeRegime(table, granuleShift: 12, startLevel, 32 - control.Number(2, 0), outputBits: 40, ArmLpaeWalkOptions.AccessFlagIgnored);
    }
}
