using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>The event queue: records that cannot be written are lost and the overflow flag toggles; those of stalled requests wait.</summary>
internal sealed class EventQueue
{
    private const uint OverflowFlag = QueuePointer.OverflowFlag;

    private readonly PhysicalMemory _memory;
    private readonly GlobalErrorRegisters _errors;
    private readonly FaultLog _faults;
    private readonly Register _interrupts;
    private readonly Register _base;
    private readonly Register _prod;
    private readonly Register _cons;
    private readonly InterruptMessage _message;
    private readonly int _maxLog2Size;

    /// <param name="memory">The memory.</param>
    /// <param name="file">Where the registers are declared.</param>
    /// <param name="options">Limits.</param>
    /// <param name="errors">Where an aborted write is reported.</param>
    /// <param name="faults">The common view of what was recorded.</param>
    /// <param name="interrupts">IRQ_CTRL.</param>
    /// <param name="spaceMade">Called after software moved CONS.</param>
    public EventQueue(
        PhysicalMemory memory, RegisterFile file, ArmSmmuV3Options options, GlobalErrorRegisters errors, FaultLog faults, Register interrupts, Action spaceMade)
    {
        _memory = memory;
        _errors = errors;
        _faults = faults;
        _interrupts = interrupts;
        _maxLog2Size = options.MaxQueueLog2.Event;
        _base = file.Add(ArmSmmuV3Registers.EvtqBase, 8, "EVTQ_BASE", fields: "LOG2SIZE 4:0, ADDR 51:5, WA 62", writable: () => !Enabled);
        _prod = file.Add(ArmSmmuV3Registers.EvtqProd, 4, "EVTQ_PROD", fields: "WR 19:0, OVFLG 31", writable: () => !Enabled);
        _cons = file.Add(ArmSmmuV3Registers.EvtqCons, 4, "EVTQ_CONS", fields: "RD 19:0, OVACKFLG 31", onWrite: _ => spaceMade());
        _message = new InterruptMessage(memory, file, "EVTQ", ArmSmmuV3Registers.EvtqIrqCfg0, ArmSmmuV3Registers.EvtqIrqCfg1, ArmSmmuV3Registers.EvtqIrqCfg2);
    }

    /// <summary>CR0.EVTQEN as acknowledged.</summary>
    public bool Enabled { get; set; }

    /// <summary>Whether a record could be written now.</summary>
    public bool HasRoom => Enabled && !Prod.IsFull(Cons);

    /// <summary>Whether there is something for software to read, or an overflow to acknowledge.</summary>
    public bool Pending => Enabled && (!Prod.IsEmpty(Cons) || ((_prod.Value ^ _cons.Value) & OverflowFlag) != 0);

    private int Log2Size => Math.Min(new QueueBase(_base.Value).Log2Size, _maxLog2Size);

    private QueuePointer Prod => new((uint)_prod.Value, Log2Size);

    private QueuePointer Cons => new((uint)_cons.Value, Log2Size);

    /// <summary>Writes a record. Off: it is lost. Full: it is lost and the overflow flag toggles, once until software acknowledges.</summary>
    public void Write(in EventRecord record)
    {
        if (!Enabled)
            return;
        var prod = Prod;
        if (prod.IsFull(Cons))
        {
            if (((_prod.Value ^ _cons.Value) & OverflowFlag) == 0)
                _prod.Value ^= OverflowFlag;
            return;
        }

        var address = new QueueBase(_base.Value).Address + ((ulong)prod.Index * EventRecord.Size);
        var written = _memory.Write64(address, record.Word0);
        written &= _memory.Write64(address + 8, record.Word1);
        written &= _memory.Write64(address + 16, record.Word2);
        written &= _memory.Write64(address + 24, record.Word3);
        if (!written)
        {
            _errors.Raise(GlobalErrors.EventQueueAbort);
            return;
        }

        _prod.Value = prod.Next;
        _faults.Add(new FaultRecord(
            new StreamId(record.StreamId),
            new Iova(record.InputAddress),
            record.Read || !HasAccess(record.Code) ? DmaAccess.Read : DmaAccess.Write,
            Reason(record.Code),
            (ushort)record.Code,
            record.SubstreamValid ? (int)record.SubstreamId : -1));
        if ((_interrupts.Value & ArmSmmuV3Iommu.EvtqInterrupt) != 0 && !_message.Send())
            _errors.Raise(GlobalErrors.EventMsiAbort);
    }

    private static bool HasAccess(EventCode code) => code is EventCode.TranslatedForbidden or EventCode.WalkExternalAbort or (>= EventCode.Translation and <= EventCode.Permission);

    private static FaultReason Reason(EventCode code) => code switch
    {
        EventCode.BadStreamId => FaultReason.StreamUnknown,
        EventCode.BadSte or EventCode.BadCd or EventCode.ConfigurationConflict => FaultReason.ConfigurationInvalid,
        EventCode.StreamDisabled => FaultReason.StreamBlocked,
        EventCode.BadSubstreamId => FaultReason.PasidUnknown,
        EventCode.BadAtsTranslationRequest or EventCode.TranslatedForbidden or EventCode.UnsupportedUpstream => FaultReason.RequestForbidden,
        EventCode.SteFetch or EventCode.CdFetch or EventCode.WalkExternalAbort => FaultReason.TableReadAbort,
        EventCode.Translation => FaultReason.NotPresent,
        EventCode.AddressSize => FaultReason.AddressSize,
        EventCode.AccessFlag => FaultReason.AccessFlag,
        EventCode.Permission => FaultReason.PermissionDenied,
        _ => FaultReason.None,
    };
}
