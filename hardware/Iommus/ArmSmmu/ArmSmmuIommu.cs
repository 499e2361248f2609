using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>
/// The silicon of an SMMUv1 or SMMUv2: a stream is matched to an entry, which passes it, refuses it or names the context bank that translates it. The first
/// global fault and the first fault of each bank are recorded in registers until software clears them.
/// </summary>
/// <remarks>
/// Source: Arm IHI 0062; Linux drivers/iommu/arm/arm-smmu. Not modelled: nested translation, the upper half (TTBR1), short descriptors, the secure side, attributes
/// of memory accesses. PASIDs do not exist here: such an attribute of a request is ignored.
/// </remarks>
public sealed class ArmSmmuIommu : IIommu
{
    private const DmaAttributes Ats = DmaAttributes.TranslationRequest | DmaAttributes.Translated;

    private readonly Iotlb _tlb;
    private readonly StreamMap _streams;
    private readonly ContextBank[] _banks;
    private readonly HeldTransactions _stalled;
    private readonly Register _globalAddress;
    private readonly Register _globalStatus;
    private readonly Register _globalSyndrome0;
    private readonly Register _globalSyndrome1;
    private GlobalControl _control = GlobalControl.ClientPortDisable;
    private bool _bankFaults;

    /// <summary>Makes an SMMU in reset: off, everything passes.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="memory">Where tables are.</param>
    /// <param name="options">What it implements.</param>
    /// <exception cref="ArgumentException">The options contradict each other.</exception>
    public ArmSmmuIommu(string name, PhysicalMemory memory, ArmSmmuOptions options)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(options);
        options.Check();
        Name = name;
        _tlb = new Iotlb(options.Iotlb);
        _stalled = new HeldTransactions(options.StallCapacity);
        var file = new RegisterFile(name, options.Layout.WindowSize);
        Registers = file;
        file.Add(R.Control, 4, "sCR0", reset: (uint)_control, fields: "CLIENTPD 0, GFRE 1, GFIE 2, EXIDENABLE 3, GCFGFRE 4, GCFGFIE 5, USFCFG 10, VMIDPNE 11, PTM 12, FB 13, BSU 15:14, VMID16EN 31", onWrite: OnControl);
        file.Add(R.AuxiliaryControl, 4, "sACR", reset: options.AuxiliaryReset, fields: "MMU-500: SMTNMB_TLBEN 8, S2CRB_TLBEN 10, CACHE_LOCK 26");
        file.Add(R.Id0, 4, "ID0", RegisterAccess.ReadOnly, options.Id0, "S1TS 30, S2TS 29, NTS 28, SMS 27, ATOSNS 26, PTFS 25:24, NUMIRPT 23:16, CTTW 14, NUMSIDB 12:9, EXIDS 8, NUMSMRG 7:0");
        file.Add(R.Id1, 4, "ID1", RegisterAccess.ReadOnly, options.Id1, "PAGESIZE 31, NUMPAGENDXB 30:28, NUMS2CB 23:16, NUMCB 7:0");
        file.Add(R.Id2, 4, "ID2", RegisterAccess.ReadOnly, options.Id2, "VMID16 15, 64K 14, 16K 13, 4K 12, UBS 11:8, OAS 7:4, IAS 3:0");
        file.Add(R.Id7, 4, "ID7", RegisterAccess.ReadOnly, options.Id7, "MAJOR 7:4, MINOR 3:0");
        _globalAddress = file.Add(R.GlobalFaultAddress, 8, "sGFAR");
        _globalStatus = file.Add(R.GlobalFaultStatus, 4, "sGFSR", RegisterAccess.WriteOneToClear, fields: "MULTI 31, UUT 8, EF 6, CAF 5, UCIF 4, UCBF 3, SMCF 2, USF 1, ICF 0");
        _globalSyndrome0 = file.Add(R.GlobalFaultSyndrome0, 4, "sGFSYNR0", fields: "ATS 6, NSATTR 5, NSSTATE 4, IND 3, PNU 2, WNR 1");
        _globalSyndrome1 = file.Add(R.GlobalFaultSyndrome1, 4, "sGFSYNR1", fields: "SSD 31:16, StreamID 15:0");
        file.Add(R.GlobalFaultSyndrome2, 4, "sGFSYNR2", RegisterAccess.ReadOnly);
        const RegisterAccess Command = RegisterAccess.WriteOnly;
        file.Add(R.TlbiVmid, 4, "TLBIVMID", Command, fields: "VMID 15:0", onWrite: vmid => _tlb.Invalidate(new TlbiByTag(TlbTag.VmidMask, TlbTag.Stage1((ushort)vmid, 0))));
        file.Add(R.TlbiAllNonHypervisor, 4, "TLBIALLNSNH", Command, onWrite: _ => _tlb.InvalidateAll());
        file.Add(R.TlbiAllHypervisor, 4, "TLBIALLH", Command);
        file.Add(R.GlobalSync, 4, "sTLBGSYNC", Command);
        file.Add(R.GlobalSyncStatus, 4, "sTLBGSTATUS", RegisterAccess.ReadOnly, fields: "GSACTIVE 0");
        _streams = new StreamMap(file, options);
        _banks = [.. Enumerable.Range(0, options.Layout.Banks).Select(index => new ContextBank(file, memory, options, _tlb, index, (bank, terminate) => Resume(index, bank, terminate)))];
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is an <see cref="ArmSmmuFault"/>.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Faults that left no record but MULTI: an earlier one had not been cleared.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted
    {
        get
        {
            if (_globalStatus.Value != 0 && Has(GlobalControl.GlobalFaultInterrupt))
                return true;
            if (!_bankFaults)
                return false;
            var interrupts = false;
            _bankFaults = false;
            foreach (var bank in _banks)
            {
                _bankFaults |= bank.HasFault;
                interrupts |= bank.Interrupts;
            }

            return interrupts;
        }
    }

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        completions = completions[..requests.Length];
        if (Has(GlobalControl.ClientPortDisable))
        {
            for (var i = 0; i < requests.Length; i++)
                completions[i] = Complete(requests[i], requests[i].Iova.Value);
            return;
        }

        // A device's requests mostly come in runs.
        var known = false;
        var stream = 0u;
        StreamRoute route = default;
        for (var i = 0; i < requests.Length; i++)
        {
            ref readonly var request = ref requests[i];
            if (!known || request.Stream.Value != stream)
            {
                (known, stream) = (true, request.Stream.Value);
                route = _streams.Find(stream);
            }

            completions[i] = Translate(request, route);
        }
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed) => _stalled.Take(resumed);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private static DmaCompletion Abort(in DmaRequest request) => new(default, DmaStatus.Aborted, request.Tag);

    private static bool IsPermitted(in DmaRequest request, StreamPrivilege privilege, PagePermissions permissions)
    {
        var needed = request.IsWrite ? PagePermissions.Write
            : (request.Attributes & DmaAttributes.Instruction) != 0 ? PagePermissions.Execute
            : PagePermissions.Read;
        return (permissions & needed) != 0 && ((permissions & PagePermissions.PrivilegedOnly) == 0 || IsPrivileged(request, privilege));
    }

    private static bool IsPrivileged(in DmaRequest request, StreamPrivilege privilege) => privilege switch
    {
        StreamPrivilege.Privileged => true,
        StreamPrivilege.Unprivileged => false,
        _ => (request.Attributes & DmaAttributes.Privileged) != 0,
    };

    // WNR, PNU and IND, from bit 0 up.
    private static uint Syndrome(in DmaRequest request, StreamPrivilege privilege) =>
        (request.IsWrite ? 1u : 0) | (IsPrivileged(request, privilege) ? 2u : 0) | ((request.Attributes & DmaAttributes.Instruction) != 0 ? 4u : 0);

    private static FaultReason Reason(ArmSmmuFault fault) => fault switch
    {
        ArmSmmuFault.Translation => FaultReason.NotPresent,
        ArmSmmuFault.AccessFlag => FaultReason.AccessFlag,
        ArmSmmuFault.Permission => FaultReason.PermissionDenied,
        ArmSmmuFault.External => FaultReason.TableReadAbort,
        ArmSmmuFault.AddressSize => FaultReason.AddressSize,
        ArmSmmuFault.InvalidContext => FaultReason.StreamBlocked,
        ArmSmmuFault.UnidentifiedStream => FaultReason.StreamUnknown,
        ArmSmmuFault.UnsupportedTransaction => FaultReason.RequestForbidden,
        _ => FaultReason.ConfigurationInvalid,
    };

    private bool Has(GlobalControl bit) => (_control & bit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request, StreamRoute route)
    {
        if (route.Bank < 0 || (request.Attributes & Ats) != 0 || !_banks[route.Bank].Translates || _banks[route.Bank].IsInvalid)
            return TranslateNot(request, route);
        var bank = _banks[route.Bank];
        if (bank.HoldsRequests && _stalled.HasRoom)
            return Hold(request, route);
        ref readonly var entry = ref _tlb.Find(bank.Tag, request.Iova.Value);
        if (Unsafe.IsNullRef(in entry))
            return Walk(request, route, bank);
        return IsPermitted(request, route.Privilege, entry.Permissions)
            ? Complete(request, entry.Translate(request.Iova.Value))
            : Refuse(request, route, bank, ArmSmmuFault.Permission, entry.Flags);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion TranslateNot(in DmaRequest request, StreamRoute route)
    {
        if (route.Fault != ArmSmmuFault.None)
            return RefuseGlobally(request, route, route.Fault);
        if ((request.Attributes & Ats) != 0)
            return RefuseGlobally(request, route, ArmSmmuFault.UnsupportedTransaction);
        return route.Bank >= 0 && _banks[route.Bank] is { Translates: true, IsInvalid: true }
            ? RefuseGlobally(request, route, ArmSmmuFault.InvalidContext)
            : Complete(request, request.Iova.Value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, StreamRoute route, ContextBank bank)
    {
        var fault = bank.Walk(request.Iova.Value, out var walk);
        if (fault == ArmSmmuFault.None && !IsPermitted(request, route.Privilege, walk.Permissions))
            fault = ArmSmmuFault.Permission;
        if (fault != ArmSmmuFault.None)
            return Refuse(request, route, bank, fault, walk.Level);
        _tlb.Insert(new IotlbEntry
        {
            Tag = bank.Tag,
            Iova = request.Iova.Value,
            Output = walk.Output,
            PageShift = walk.PageShift,
            Permissions = walk.Permissions,
            Flags = (ushort)walk.Level,
        });
        return Complete(request, walk.Translate(request.Iova.Value));
    }

    private DmaCompletion Hold(in DmaRequest request, StreamRoute route)
    {
        _stalled.Hold(route.Bank, request);
        return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
    }

    private DmaCompletion Refuse(in DmaRequest request, StreamRoute route, ContextBank bank, ArmSmmuFault fault, int level)
    {
        var stalls = bank.StallsFaults && _stalled.HasRoom;
        const uint TableWalk = 1u << 10;
        var syndrome = (Syndrome(request, route.Privilege) << 4) | (uint)(level & 3) | (fault == ArmSmmuFault.External ? TableWalk : 0);
        Log(request, fault, bank.Record(fault, request.Iova.Value, syndrome, request.Stream.Value, stalls));
        _bankFaults = true;
        return stalls ? Hold(request, route) : Abort(request);
    }

    private DmaCompletion RefuseGlobally(in DmaRequest request, StreamRoute route, ArmSmmuFault fault)
    {
        var first = _globalStatus.Value == 0;
        if (first)
        {
            const uint AtsRequest = 1u << 6;
            _globalStatus.Value = (uint)(fault & ~ArmSmmuFault.Global);
            _globalAddress.Value = request.Iova.Value;
            _globalSyndrome0.Value = (Syndrome(request, route.Privilege) << 1) | ((request.Attributes & Ats) != 0 ? AtsRequest : 0);
            _globalSyndrome1.Value = (ushort)request.Stream.Value;
        }
        else
        {
            _globalStatus.Value |= R.Multiple;
        }

        Log(request, fault, first);
        return Abort(request);
    }

    private void Log(in DmaRequest request, ArmSmmuFault fault, bool recorded)
    {
        if (recorded)
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, Reason(fault), (ushort)fault));
        else
            UnrecordedFaults++;
    }

    // The request that faulted is answered or tried again; those that came behind it are tried too, and may stall anew.
    private void Resume(int index, ContextBank bank, bool terminate)
    {
        if (!bank.IsStalled)
            return;
        bank.Unstall();
        Span<DmaCompletion> completion = stackalloc DmaCompletion[1];
        for (var remaining = _stalled.Count; _stalled.TryRelease(index, remaining, out var request); remaining--)
        {
            completion[0] = Abort(request);
            if (!terminate)
                Translate([request], completion);
            terminate = false;
            if (completion[0].Status != DmaStatus.Stalled)
                _stalled.Answer(request, completion[0]);
        }
    }

    private void OnControl(ulong value)
    {
        _control = (GlobalControl)value;
        _streams.Control(_control);
        foreach (var bank in _banks)
            bank.UseWideVmids(Has(GlobalControl.WideVmids));
    }
}
