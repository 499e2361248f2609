using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The silicon's side of the event log: a ring in memory that stops when it is full, until software clears the overflow and enables it anew.</summary>
/// <remarks>Source: AMD 48882, event log. One slot stays free, so that full and empty differ.</remarks>
internal sealed class AmdViEventLog
{
    private readonly PhysicalMemory _memory;
    private readonly Register _base;
    private readonly Register _head;
    private readonly Register _tail;
    private readonly Register _status;

    // One bit for each device ID: with SE set, its first page fault has been logged since its entry was last invalidated.
    private readonly ulong[] _logged = new ulong[1024];

    public AmdViEventLog(PhysicalMemory memory, RegisterFile registers, Register status, int faultRecords)
    {
        _memory = memory;
        _status = status;
        Faults = new FaultLog(faultRecords);
        _base = registers.Add(AmdViRegisters.EventLogBase, 8, "EventLogBase", fields: "[51:12] address, [59:56] log2 entries");
        _head = registers.Add(AmdViRegisters.EventHead, 8, "EventHead", fields: "byte offset of the next event to read");
        _tail = registers.Add(AmdViRegisters.EventTail, 8, "EventTail", fields: "byte offset of the next event to write");
    }

    /// <summary>What was logged, in the common shape.</summary>
    public FaultLog Faults { get; }

    /// <summary>Events are written; EventLogRun.</summary>
    public bool Running { get; private set; }

    /// <summary>Events that were not written: log off, stopped or full.</summary>
    public long Lost { get; private set; }

    /// <summary>EventLogEn was written.</summary>
    public void Enable(bool was, bool now)
    {
        if (!now)
            Running = false;
        else if (!was)
            Running = ((AmdViStatus)_status.Value & AmdViStatus.EventOverflow) == 0;
    }

    /// <summary>The device table entry of a device was invalidated: its next page fault is its first again.</summary>
    public void Forget(ushort device) => _logged[device >> 6] &= ~(1UL << (device & 63));

    /// <summary>The same for all devices.</summary>
    public void ForgetAll() => Array.Clear(_logged);

    /// <summary>Logs IO_PAGE_FAULT, unless the device table entry suppresses it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="entry">Its device table entry.</param>
    /// <param name="status">How the walk ended. <see cref="WalkStatus.Ok"/> is a missing permission: PR and PE are set, also for a valid entry in Mode 0.</param>
    /// <param name="reason">The reason in common terms.</param>
    /// <returns>False: the request is refused.</returns>
    public bool Fault(in DmaRequest request, in AmdViDeviceTableEntry entry, WalkStatus status, FaultReason reason)
    {
        // An ATS translation request is answered without permissions; that is no fault.
        if ((request.Attributes & DmaAttributes.TranslationRequest) != 0 || entry.SuppressAll)
            return false;
        if (entry.SuppressRepeated)
        {
            ref var word = ref _logged[request.Stream.Value >> 6];
            var bit = 1UL << (int)(request.Stream.Value & 63);
            if ((word & bit) != 0)
                return false;
            word |= bit;
        }

        return Refuse(in request, AmdViEventCode.IoPageFault, reason, status switch
        {
            WalkStatus.Ok => AmdViEventFlags.Present | AmdViEventFlags.Permission,
            WalkStatus.Reserved => AmdViEventFlags.Present | AmdViEventFlags.ReservedNotZero,
            _ => AmdViEventFlags.None,
        }, entry.DomainId);
    }

    /// <summary>Logs an event about a request.</summary>
    /// <returns>False: the request is refused.</returns>
    public bool Refuse(in DmaRequest request, AmdViEventCode code, FaultReason reason, AmdViEventFlags flags, ushort domain, ulong? address = null)
    {
        if (request.IsWrite)
            flags |= AmdViEventFlags.Write;
        if ((request.Attributes & DmaAttributes.TranslationRequest) != 0)
            flags |= AmdViEventFlags.Translation;
        if (request.HasPasid)
        {
            flags |= AmdViEventFlags.Guest;
            if ((request.Attributes & DmaAttributes.Privileged) == 0)
                flags |= AmdViEventFlags.User;
            if ((request.Attributes & DmaAttributes.Instruction) != 0)
                flags |= AmdViEventFlags.NoExecute;
            domain = (ushort)request.Pasid;
        }

        var pasid = request.HasPasid ? request.Pasid : 0;
        if (Append(new AmdViEvent(code, (ushort)request.Stream.Value, domain, flags, address ?? request.Iova.Value, pasid >> 16)))
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)code, request.HasPasid ? (int)pasid : -1));
        return false;
    }

    /// <summary>Logs an event about the command at an address.</summary>
    public void RefuseCommand(AmdViEventCode code, ulong address)
    {
        if (Append(new AmdViEvent(code, 0, 0, AmdViEventFlags.None, address)))
            Faults.Add(new FaultRecord(default, new Iova(address), DmaAccess.Read, FaultReason.CommandError, (ushort)code));
    }

    private bool Append(AmdViEvent record)
    {
        if (!Running)
        {
            Lost++;
            return false;
        }

        var mask = AmdViRegisters.RingSize(_base.Value) - 1;
        var next = (_tail.Value + AmdViRegisters.RecordSize) & mask;
        if (next == (_head.Value & mask))
        {
            Lost++;
            Running = false;
            _status.Value |= (ulong)(AmdViStatus.EventOverflow | AmdViStatus.EventInterrupt);
            return false;
        }

        var address = (_base.Value & AmdViRegisters.AddressMask) + (_tail.Value & mask);
        _memory.Write64(address + 8, record.Word1);
        _memory.Write64(address, record.Word0);
        _tail.Value = next;
        _status.Value |= (ulong)AmdViStatus.EventInterrupt;
        return true;
    }
}
