using Emulator.Hardware.Dma;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Fault status and fault recording registers: where faults are kept for software, and what happens when it is late.</summary>
public sealed class VtdFaultRecorder
{
    private readonly VtdFaultRecord[] _records;
    private readonly bool _merges;
    private Register _control = null!;
    private uint _status;
    private int _next;
    private int _first;

    /// <summary>Makes the recorder.</summary>
    public VtdFaultRecorder(IntelVtdOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _records = new VtdFaultRecord[options.Capability.FaultRecords];
        _merges = options.MergesFaultsOfSource;
    }

    /// <summary>The faults in the common shape.</summary>
    public FaultLog Log { get; } = new();

    /// <summary>Faults for which there was no record left.</summary>
    public long Lost { get; private set; }

    /// <summary>Whether the fault interrupt is asserted: something is pending and IM is clear.</summary>
    public bool InterruptAsserted => (_control.Value & IntelVtdRegisters.InterruptMask) == 0 && Status != 0;

    private uint Pending => _records[_first].IsValid ? IntelVtdRegisters.FaultPending | ((uint)_first << 8) : 0;

    private uint Status => _status | Pending;

    /// <summary>Whether one of the given status bits is set.</summary>
    public bool Has(uint bits) => (_status & bits) != 0;

    /// <summary>Sets status bits that software clears by writing ones.</summary>
    public void Raise(uint bits) => _status |= bits;

    /// <summary>Declares the registers.</summary>
    /// <param name="registers">The window.</param>
    /// <param name="capability">Says where the records are.</param>
    /// <param name="cleared">Called after software cleared status bits.</param>
    public void Declare(RegisterFile registers, VtdCapability capability, Action cleared)
    {
        ArgumentNullException.ThrowIfNull(registers);
        registers.Add(IntelVtdRegisters.FaultStatus, 4, "FSTS", fields: "0 PFO, 1 PPF, 4 IQE, 5 ICE, 6 ITE, 7 PRO, 15:8 FRI", onRead: () => Status, onWrite: value =>
        {
            _status &= ~(uint)value;
            cleared();
        });
        _control = registers.Add(IntelVtdRegisters.FaultEventControl, 4, "FECTL", reset: IntelVtdRegisters.InterruptMask, fields: "31 IM");
        registers.Add(IntelVtdRegisters.FaultEventData, 4, "FEDATA");
        registers.Add(IntelVtdRegisters.FaultEventAddress, 4, "FEADDR");
        registers.Add(IntelVtdRegisters.FaultEventUpperAddress, 4, "FEUADDR");
        for (var i = 0; i < _records.Length; i++)
        {
            var index = i;
            var offset = capability.FaultRecordOffset + ((ulong)i * 16);
            registers.Add(offset, 8, $"FRCD[{i}].lo", RegisterAccess.ReadOnly, fields: "63:12 page", onRead: () => _records[index].Low);
            Register high = null!;
            high = registers.Add(offset + 8, 8, $"FRCD[{i}].hi", fields: "15:0 SID, 31 PP, 39:32 FR, 59:40 PASID, 62 T, 63 F", onRead: () => _records[index].High, onWrite: value =>
            {
                high.Value = 0;
                Clear(index, value);
            });
        }
    }

    /// <summary>Records a fault, unless the records are full or the overflow is not yet acknowledged.</summary>
    /// <param name="request">The request.</param>
    /// <param name="code">The reason.</param>
    public void Record(in DmaRequest request, ushort code)
    {
        var source = (ushort)request.Stream.Value;
        if (_merges && HasRecordOf(source))
            return;
        if (Has(IntelVtdRegisters.FaultOverflow) || _records[_next].IsValid)
        {
            _status |= IntelVtdRegisters.FaultOverflow;
            Lost++;
            return;
        }

        if (!_records[_first].IsValid)
            _first = _next;
        _records[_next] = VtdFaultRecord.Create(request.Iova.Value, source, (byte)code, !request.IsWrite, request.HasPasid ? request.Pasid : null);
        _next = (_next + 1) % _records.Length;
        Log.Add(new FaultRecord(
            request.Stream, new Iova(request.Iova.Value & ~0xfffUL), request.Access, VtdFaultCode.ToReason(code), code, request.HasPasid ? (int)request.Pasid : -1));
    }

    private bool HasRecordOf(ushort source)
    {
        foreach (var record in _records)
        {
            if (record.IsValid && record.Source == source)
                return true;
        }

        return false;
    }

    private void Clear(int index, ulong written)
    {
        if ((written & VtdFaultRecord.Fault) == 0)
            return;
        _records[index] = _records[index] with { High = _records[index].High & ~VtdFaultRecord.Fault };

        // FRI follows to the oldest record that is still pending.
        for (var i = 0; i < _records.Length && !_records[_first].IsValid; i++)
            _first = (_first + 1) % _records.Length;
    }
}
