using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;
using R = Emulator.Hardware.Iommus.Msm.MsmRegisters;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>
/// The silicon of one MSM IOMMU. A stream is a MID; M2VCBR routes it to a context bank. A bank translates by Armv7 short descriptors, through a TLB that all banks share and that is tagged by VMID and
/// ASID; or it does not (SCTLR.M), and passes addresses through. A fault is recorded in FSR and FAR, and stalls the transaction until RESUME or terminates it.
/// </summary>
/// <remarks>Source: Linux drivers/iommu/msm_iommu_hw-8xxx.h and msm_iommu.c; Arm DDI 0406C for the translation. Neither PASIDs nor ATS exist here.</remarks>
public sealed class MsmIommu : IIommu
{
    private readonly MsmOptions _options;
    private readonly Iotlb _tlb;
    private readonly HeldTransactions _held;
    private readonly Register[] _routes;
    private readonly MsmContextBank[] _banks;
    private readonly Register _control;
    private readonly Register _errorAddress;
    private readonly Register _errorStatus;
    private readonly Register _errorSyndrome0;
    private readonly Register _errorSyndrome1;

    /// <summary>Makes an instance in its reset state: all MIDs are routed to bank 0, and no bank translates.</summary>
    /// <param name="name">The instance's name.</param>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="hardware">Its banks and MIDs.</param>
    /// <param name="options">What no source states.</param>
    /// <exception cref="ArgumentException">More banks or MIDs than there can be.</exception>
    public MsmIommu(string name, PhysicalMemory memory, MsmHardware hardware, MsmOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(hardware);
        if (hardware.Banks is < 1 or > MsmHardware.MaxBanks || hardware.Mids < hardware.Banks || hardware.Mids > MsmHardware.MaxMids)
            throw new ArgumentException($"{hardware.Name}: 1 to {MsmHardware.MaxBanks} banks, at least as many MIDs, at most {MsmHardware.MaxMids}", nameof(hardware));
        _options = options ?? new MsmOptions();
        _tlb = new Iotlb(_options.Iotlb);
        _held = new HeldTransactions(_options.StallCapacity);
        Registers = new RegisterFile(name, R.WindowSize);
        _routes = Registers.AddArray(
            R.MasterToBank, hardware.Mids, 4, 4, "M2VCBR", fields: "[4:0] VMID, [15:8] CBNDX, [16] BYPASSD, [19:17] BPRCOSH, BPRCISH, BPRCNSH, [21:20] BPSHCFG, [23:22] NSCFG, [24] BPMTCFG, [27:25] BPMEMTYPE");
        var attributes = Registers.AddArray(
            R.BankAttributes, hardware.Banks, 4, 4, "CBACR", fields: "[4:0] RWVMID, [8] RWE, [9] RWGE, [20:16] CBVMID, [31:24] IRPTNDX", onWrite: (bank, _) => _banks![bank].Decode());
        Registers.Add(R.TlbSwitch, 4, "TLBRSW", fields: "no effect here");
        Registers.AddArray(R.TlbTest, 3, 4, 4, "TLBTR", fields: "no effect here");
        Registers.Add(R.TestBusControl, 4, "TESTBUSCR", fields: "TBE, SPDMBE: no effect here");
        Registers.Add(R.GlobalTlbiAll, 4, "GLOBAL_TLBIALL", RegisterAccess.WriteOnly, fields: "drops everything", onWrite: _ => _tlb.InvalidateAll());
        Registers.Add(
            R.TlbiVmid, 4, "TLBIVMID", RegisterAccess.WriteOnly, fields: "[4:0] VMID", onWrite: value => Invalidate(new MsmTlbEntries(MsmTlbEntries.Vmid, MsmTlbEntries.Tag(value.Bits(4, 0), 0))));
        _control = Registers.Add(
            R.GlobalControl, 4, "CR", reset: _options.ResetControl, fields: "[0] RPUE, [1] RPUERE, [2] RPUEIE, [4] CLIENTPD, [5] STALLD, [6] TLBLKCRWE, [7] TLBIALLCFG");
        _errorAddress = Registers.Add(R.ErrorAddress, 4, "EAR", fields: "address of the error");
        _errorStatus = Registers.Add(R.ErrorStatus, 4, "ESR", RegisterAccess.WriteOneToClear, fields: "[0] CFG, [1] BYPASS, [31] MULTI");
        Registers.Add(R.ErrorStatusRestore, 4, "ESRRESTORE", RegisterAccess.WriteOnly, fields: "what ESR is to be", onWrite: value => _errorStatus!.Value = value);
        _errorSyndrome0 = Registers.Add(R.ErrorSyndrome0, 4, "ESYNR0", fields: "[7:0] AMID");
        _errorSyndrome1 = Registers.Add(R.ErrorSyndrome1, 4, "ESYNR1", fields: "[5] APRIV, [7] AINST, [8] AWRITE");
        Registers.Add(R.Revision, 4, "REV", RegisterAccess.ReadOnly);
        Registers.Add(
            R.Identification,
            4,
            "IDR",
            RegisterAccess.ReadOnly,
            reset: (uint)hardware.Mids | ((uint)hardware.Banks << 16) | (1u << 24),
            fields: "[8:0] MIDs, [15:12] TLB size, [23:16] banks, [31:24] interrupts");
        Registers.Add(R.ProtectionAccess, 4, "RPU_ACR", fields: "no effect here");
        _banks = [.. attributes.Select((register, number) => new MsmContextBank(Registers, memory, number, register, () => _control.Value.Bit(R.TlbLockWritable), this))];
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is a <see cref="MsmFault"/>.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Refused DMAs of which no address was kept: an earlier fault was still recorded.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted
    {
        get
        {
            foreach (var bank in _banks)
            {
                if (bank.Interrupts)
                    return true;
            }

            return false;
        }
    }

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    /// <inheritdoc/>
    public int TakeResumed(Span<ResumedDma> resumed) => _held.Take(resumed);

    internal void Invalidate<TSelector>(TSelector selector)
        where TSelector : struct, IIotlbSelector => _tlb.Invalidate(selector);

    // A V2P operation: the value of PAR. Fills nothing, records nothing.
    internal uint Probe(MsmContextBank bank, ulong address, DmaAccess access, DmaAttributes attributes)
    {
        if (!bank.Translates)
            return (uint)address;
        var request = new DmaRequest(default, new Iova(address), access) { Attributes = attributes };
        ref readonly var entry = ref _tlb.Find(bank.Tag, address);
        if (!Unsafe.IsNullRef(in entry))
            return Found(entry.Permissions, entry.Translate(address), entry.PageShift);
        if (_options.MissesObeyConfiguration && !bank.ProbesWalk)
            return Failed(MsmFault.TlbMiss, secondLevel: false);
        var fault = bank.Walk(address, out var walk);
        return fault == MsmFault.None ? Found(walk.Permissions, walk.Translate(address), walk.PageShift) : Failed(fault, walk.Level == 2);

        uint Found(PagePermissions permissions, ulong physical, int shift) =>
            !request.IsAllowedBy(permissions) ? Failed(MsmFault.Permission, IsSecondLevel(shift)) : (uint)physical | (shift == SupersectionShift ? R.TranslatedSupersection : 0);

        static uint Failed(MsmFault fault, bool secondLevel) => R.TranslationFailed | (uint)fault | (secondLevel ? R.SecondLevel : 0);
    }

    // The transaction that faulted is ended or tried again. Those that waited behind it are tried too, and may stall anew.
    internal void Resume(MsmContextBank bank, bool terminate)
    {
        if (!bank.IsStalled)
            return;
        bank.IsStalled = false;
        for (var remaining = _held.Count; _held.TryRelease(bank.Number, remaining, out var request); remaining--)
        {
            var completion = terminate ? Abort(request) : Translate(request);
            terminate = false;
            if (completion.Status != DmaStatus.Stalled)
                _held.Answer(request, completion);
        }
    }

    private const int SupersectionShift = 24;

    private static bool IsSecondLevel(int pageShift) => pageShift < 20;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var routes = _routes;
        var mid = request.Stream.Value;
        if (_control.Value.Bit(R.ClientPortDisabled))
            return Complete(request, request.Iova.Value);
        if (mid >= (uint)routes.Length)
            return Unroutable(request);
        var index = (int)(routes[mid].Value >> 8) & 0xff;
        if (index >= _banks.Length)
            return Unroutable(request);
        var bank = _banks[index];
        if (!bank.Translates)
            return Complete(request, request.Iova.Value);
        if (bank.IsStalled)
            return Wait(request, bank);
        ref readonly var entry = ref _tlb.Find(bank.Tag, request.Iova.Value);
        if (Unsafe.IsNullRef(in entry))
            return Walk(request, bank);
        return request.IsAllowedBy(entry.Permissions)
            ? Complete(request, entry.Translate(request.Iova.Value))
            : Refuse(request, bank, MsmFault.Permission, IsSecondLevel(entry.PageShift), FaultReason.PermissionDenied);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, MsmContextBank bank)
    {
        if (_options.MissesObeyConfiguration && !bank.WalksOnMiss)
            return Refuse(request, bank, MsmFault.TlbMiss, secondLevel: false, FaultReason.ConfigurationInvalid);
        var fault = bank.Walk(request.Iova.Value, out var walk);
        if (fault != MsmFault.None)
            return Refuse(request, bank, fault, walk.Level == 2, Reason(walk.Status));
        _tlb.Insert(new IotlbEntry
        {
            Tag = bank.Tag,
            Domain = (ulong)bank.Number,
            Iova = request.Iova.Value,
            Output = walk.Output,
            PageShift = walk.PageShift,
            Permissions = walk.Permissions,
        });
        return request.IsAllowedBy(walk.Permissions)
            ? Complete(request, walk.Translate(request.Iova.Value))
            : Refuse(request, bank, MsmFault.Permission, walk.Level == 2, FaultReason.PermissionDenied);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, MsmContextBank bank, MsmFault fault, bool secondLevel, FaultReason reason)
    {
        var stalls = bank.StallsFaults && !_control.Value.Bit(R.StallDisabled) && _held.HasRoom;
        if (bank.Record(request, fault, secondLevel, stalls))
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)fault));
        else
            UnrecordedFaults++;
        return stalls ? Hold(request, bank) : Abort(request);
    }

    // Behind a stalled transaction.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Wait(in DmaRequest request, MsmContextBank bank)
    {
        if (_held.HasRoom)
            return Hold(request, bank);
        UnrecordedFaults++;
        return Abort(request);
    }

    private DmaCompletion Hold(in DmaRequest request, MsmContextBank bank)
    {
        _held.Hold(bank.Number, request);
        return new DmaCompletion(default, DmaStatus.Stalled, request.Tag);
    }

    // A MID without a word in M2VCBR, or with one that names no bank.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Unroutable(in DmaRequest request)
    {
        if (_errorStatus.Value != 0)
        {
            _errorStatus.Value |= R.Multiple;
            UnrecordedFaults++;
            return Abort(request);
        }

        _errorStatus.Value = (ulong)MsmFault.Configuration;
        _errorAddress.Value = (uint)request.Iova.Value;
        _errorSyndrome0.Value = MsmContextBank.Syndrome0(request);
        _errorSyndrome1.Value = MsmContextBank.Syndrome1(request);
        Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, FaultReason.StreamUnknown, (ushort)MsmFault.Configuration));
        return Abort(request);
    }

    private static FaultReason Reason(WalkStatus status) => status switch
    {
        WalkStatus.AccessFlag => FaultReason.AccessFlag,
        WalkStatus.ReadAbort => FaultReason.TableReadAbort,
        WalkStatus.InputSize => FaultReason.AddressSize,
        _ => FaultReason.NotPresent,
    };

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Complete(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    private static DmaCompletion Abort(in DmaRequest request) => new(default, DmaStatus.Aborted, request.Tag);
}
