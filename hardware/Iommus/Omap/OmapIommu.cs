using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>
/// The silicon of one MMU: off, it passes every address; on, an address is looked up in a small TLB that software can read and load entry by entry,
/// then in the tables. There are no permissions, no streams and no address spaces. A DMA that faults is stalled, or fails with a bus error.
/// </summary>
/// <remarks>The bus has 32 address bits: higher ones of a request do not exist. Element size, endianness and the mixed attribute change no address and
/// are not applied.</remarks>
public sealed class OmapIommu : IIommu
{
    private readonly OmapOptions _options;
    private readonly OmapWalker _walker;
    private readonly OmapTlb _tlb;
    private readonly HeldTransactions _stalls;
    private readonly OmapDspSystem? _system;
    private readonly uint _systemEnable;
    private readonly Register _status;
    private readonly Register _enable;
    private readonly Register _control;
    private readonly Register _faultAddress;
    private readonly Register _base;
    private readonly Register _lock;
    private readonly Register _cam;
    private readonly Register _ram;
    private readonly Register _general;

    /// <summary>Makes an MMU in its reset state: off.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">The variant.</param>
    /// <param name="options">What no source states.</param>
    /// <param name="system">DRA7 DSP: the block that lets the MMU in; null elsewhere.</param>
    /// <param name="instance">DRA7 DSP: 0 for the MDMA port's MMU, 1 for the EDMA port's.</param>
    public OmapIommu(string name, PhysicalMemory memory, OmapHardware hardware, OmapOptions? options = null, OmapDspSystem? system = null, int instance = 0)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        if (hardware.TlbEntries is not (8 or 32))
            throw new ArgumentException($"an OMAP MMU has 8 or 32 TLB entries, not {hardware.TlbEntries}", nameof(hardware));
        _options = options ?? new OmapOptions();
        _walker = new OmapWalker(memory);
        _tlb = new OmapTlb(hardware.TlbEntries);
        _stalls = new HeldTransactions(_options.OutstandingRequests);
        (_system, _systemEnable) = (system, OmapRegisters.DspMmuEnable(instance));
        Registers = new RegisterFile(name, OmapRegisters.WindowSize);
        const string Causes = "[0] TLB miss, [1] translation fault, [2] emulator miss, [3] table-walk fault, [4] multi hit";
        ReadOnly(OmapRegisters.Revision, "REVISION", "[7:4] major, [3:0] minor", () => _options.Revision);
        _status = Registers.Add(OmapRegisters.IrqStatus, 4, "IRQSTATUS", RegisterAccess.WriteOneToClear, fields: Causes, onWrite: _ => Retry());
        _enable = Registers.Add(OmapRegisters.IrqEnable, 4, "IRQENABLE", fields: Causes);
        ReadOnly(OmapRegisters.WalkingStatus, "WALKING_ST", "[0] walking", () => 0);
        _control = Registers.Add(OmapRegisters.Control, 4, "CNTL", fields: "[1] MMU enable, [2] table walk enable, [3] TLB update by the emulator");
        _faultAddress = ReadOnly(OmapRegisters.FaultAddress, "FAULT_AD", "[31:0] address");
        _base = Registers.Add(OmapRegisters.TableBase, 4, "TTB", fields: "[31:7] first-level table");
        _lock = Registers.Add(OmapRegisters.Lock, 4, "LOCK", fields: "[14:10] base, [8:4] victim");
        Command(OmapRegisters.LoadTlb, "LD_TLB", () => _tlb.Load(Victim, (uint)_cam!.Value, (uint)_ram!.Value));
        _cam = Registers.Add(OmapRegisters.Cam, 4, "CAM", fields: "[31:12] VA tag, [3] preserved, [2] valid, [1:0] 0: 1 MiB, 1: 64 KiB, 2: 4 KiB, 3: 16 MiB");
        _ram = Registers.Add(OmapRegisters.Ram, 4, "RAM", fields: "[31:12] PA, [9] big endian, [8:7] element size, [6] mixed");
        Command(OmapRegisters.GlobalFlush, "GFLUSH", () => _tlb.FlushAll(OmapRegisters.LockBase(_lock.Value)));
        Command(OmapRegisters.FlushEntry, "FLUSH_ENTRY", () => _tlb.Flush((uint)_cam.Value & ~0xfffu));
        ReadOnly(OmapRegisters.ReadCam, "READ_CAM", "the victim's CAM", () => _tlb.ReadCam(Victim));
        ReadOnly(OmapRegisters.ReadRam, "READ_RAM", "the victim's RAM", () => _tlb.ReadRam(Victim));
        ReadOnly(OmapRegisters.EmulatorFaultAddress, "EMU_FAULT_AD", "[31:0] address");
        _general = Registers.Add(OmapRegisters.GeneralPurpose, 4, "GP_REG", fields: "[0] bus error back");
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    /// <remarks>None of the common shape: the few entries are numbered and software reads them by number.</remarks>
    public Iotlb? Iotlb => null;

    /// <inheritdoc/>
    /// <remarks>The code is the bit in IRQSTATUS (<see cref="OmapFault"/>). The silicon does not record the direction; a retried DMA is recorded once.</remarks>
    public FaultLog Faults { get; } = new();

    /// <inheritdoc/>
    public bool InterruptAsserted => (_status.Value & _enable.Value & OmapRegisters.AllInterrupts) != 0;

    /// <summary>Requests that are stalled.</summary>
    public int Stalled => _stalls.Count;

    private bool IsOn => (_control.Value & OmapRegisters.MmuEnable) != 0 && (_system == null || _system.Enables(_systemEnable));

    private int Victim => OmapRegisters.LockVictim(_lock.Value);

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed) => _stalls.Take(resumed);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var address = (uint)request.Iova.Value;
        if (!IsOn)
            return Complete(request, address);
        var entry = _tlb.Find(address);
        return entry >= 0 ? Complete(request, _tlb.Translate(entry, address)) : Miss(request, entry);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, uint address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Miss(in DmaRequest request, int entry)
    {
        var fault = LookUp(request, entry, out var address);
        if (fault == null)
            return Complete(request, address);
        Record(request, fault.Value);
        Faults.Add(new FaultRecord(request.Stream, new Iova((uint)request.Iova.Value), request.Access, Reason(fault.Value), (ushort)fault.Value));
        if ((_general.Value & OmapRegisters.BusErrorBack) != 0 || !_stalls.HasRoom)
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        _stalls.Hold(0, request);
        return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
    }

    private OmapFault? LookUp(in DmaRequest request, int entry, out uint address)
    {
        address = (uint)request.Iova.Value;
        if (entry == OmapTlb.Several)
            return OmapFault.MultiHit;
        if ((_control.Value & OmapRegisters.TableWalkEnable) == 0)
            return OmapFault.TlbMiss;
        _walker.Walk((uint)_base.Value, address, out var walk);
        if (walk.Status != WalkStatus.Ok)
            return walk.Status == WalkStatus.ReadAbort ? OmapFault.TableWalk : OmapFault.Translation;
        Fill(address, walk);
        address = (uint)walk.Translate(address);
        return null;
    }

    // The walk's result takes the victim's place; the victim moves on, past the locked entries.
    private void Fill(uint address, in WalkResult walk)
    {
        var first = OmapRegisters.LockBase(_lock.Value);
        if (!_options.CachesWalks || first >= _tlb.Size)
            return;
        var victim = Victim < first || Victim >= _tlb.Size ? first : Victim;
        _tlb.Load(victim, OmapRegisters.EncodeCam(address, walk.PageShift), (uint)walk.Output);
        _lock.Value = OmapRegisters.EncodeLock(first, victim + 1 == _tlb.Size ? first : victim + 1);
    }

    private void Record(in DmaRequest request, OmapFault fault)
    {
        _status.Value |= 1u << (int)fault;
        _faultAddress.Value = (uint)request.Iova.Value;
    }

    // The acknowledgement lets the stalled requests try again.
    private void Retry()
    {
        for (var remaining = _stalls.Count; _stalls.TryRelease(0, remaining, out var request); remaining--)
        {
            var address = (uint)request.Iova.Value;
            var entry = IsOn ? _tlb.Find(address) : OmapTlb.None;
            if (entry >= 0)
                address = _tlb.Translate(entry, address);
            else if (IsOn && LookUp(request, entry, out address) is { } fault)
            {
                Record(request, fault);
                _stalls.Hold(0, request);
                continue;
            }

            _stalls.Answer(request, Complete(request, address));
        }
    }

    private static FaultReason Reason(OmapFault fault) => fault switch
    {
        OmapFault.TableWalk => FaultReason.TableReadAbort,
        OmapFault.MultiHit => FaultReason.ConfigurationInvalid,
        _ => FaultReason.NotPresent,
    };

    private Register ReadOnly(ulong offset, string name, string fields, Func<ulong>? value = null) =>
        Registers.Add(offset, 4, name, RegisterAccess.ReadOnly, fields: fields, onRead: value);

    private void Command(ulong offset, string name, Action perform) => Registers.Add(offset, 4, name, RegisterAccess.WriteOnly, fields: "[0] do it", onWrite: value =>
    {
        if ((value & 1) != 0)
            perform();
    });
}
