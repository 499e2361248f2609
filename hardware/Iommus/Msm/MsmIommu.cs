using System.Runtime.CompilerServices;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Qualcomm's first IOMMU (apq8064): streams are routed to context banks, each with a table of Armv7 short descriptors.</summary>
/// <remarks>Source: Linux drivers/iommu/msm_iommu.c, msm_iommu_hw-8xxx.h. A DMA's stream is its MID. Not modelled: global errors (ESR), resume of stalled transactions, TTBR1, TLB locking.</remarks>
public sealed class MsmIommu : IIommu
{
    private const uint FaultBits = 0xfe;

    private readonly Iotlb _tlb;
    private readonly ArmShortWalker _walker;
    private readonly Bank[] _banks;
    private readonly Register[] _streams;
    private readonly Register _control;

    /// <summary>Makes an instance in its reset state: every bank's MMU is off.</summary>
    public MsmIommu(string name, PhysicalMemory memory, MsmOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        options ??= new MsmOptions();
        if (options.Banks is < 1 or > 128)
            throw new ArgumentException($"{options.Banks} context banks are outside 1 to 128", nameof(options));
        _tlb = new Iotlb(options.Iotlb);
        _walker = new ArmShortWalker(memory);
        Registers = new RegisterFile(name, MsmRegisters.WindowSize);
        _banks = [.. Enumerable.Range(0, options.Banks).Select(number => new Bank(this, (uint)number))];
        _streams = Registers.AddArray(
            MsmRegisters.StreamToBank, MsmRegisters.Streams, 4, 4, "M2VCBR", fields: "[4:0] VMID, [15:8] bank, [16] bypass, [21:17][27:24] how it bypasses, [23:22] NSCFG");
        Registers.AddArray(MsmRegisters.BankAccess, options.Banks, 4, 4, "CBACR", fields: "[4:0] RWVMID, [8] RWE, [9] RWGE, [20:16] CBVMID, [31:24] interrupt");
        Registers.Add(MsmRegisters.TlbRowSwitch, 4, "TLBRSW", fields: "no effect here");
        Registers.Add(MsmRegisters.TestBus, 4, "TESTBUSCR", fields: "no effect here");
        Registers.Add(MsmRegisters.InvalidateAll, 4, "GLOBAL_TLBIALL", RegisterAccess.WriteOnly, onWrite: _ => _tlb.InvalidateAll());
        _control = Registers.Add(MsmRegisters.Control, 4, "CR", fields: "[0] RPUE, [1] RPUERE, [2] RPUEIE, [4] CLIENTPD, [5] STALLD, [6] TLBLKCRWE, [7] TLBIALLCFG");
        Registers.Add(MsmRegisters.GlobalErrorRestore, 4, "ESRRESTORE", fields: "no effect here");
        Registers.Add(MsmRegisters.ProtectionAccess, 4, "RPU_ACR", fields: "no effect here");
    }

    /// <inheritdoc/>
    public string Name => Registers.Name;

    /// <inheritdoc/>
    public RegisterFile Registers { get; }

    /// <inheritdoc/>
    public Iotlb? Iotlb => _tlb;

    /// <inheritdoc/>
    /// <remarks>The code is the lower half of FSR.</remarks>
    public FaultLog Faults { get; } = new();

    /// <summary>Faults that set MULTI only, because FSR still held an earlier one.</summary>
    public long UnrecordedFaults { get; private set; }

    /// <inheritdoc/>
    public bool InterruptAsserted => Array.Exists(_banks, bank => bank.Status.Value != 0 && (bank.Auxiliary.Value & MsmRegisters.FaultInterruptEnable) != 0);

    /// <inheritdoc/>
    public void Translate(ReadOnlySpan<DmaRequest> requests, Span<DmaCompletion> completions)
    {
        for (var i = 0; i < requests.Length; i++)
            completions[i] = Translate(in requests[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static DmaCompletion Land(in DmaRequest request, ulong address) => new(new PhysicalAddress(address), DmaStatus.Completed, request.Tag);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static PagePermissions Needed(DmaAccess access) => access == DmaAccess.Write ? PagePermissions.Write : PagePermissions.Read;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private DmaCompletion Translate(in DmaRequest request)
    {
        var stream = request.Stream.Value;
        if (stream >= (uint)_streams.Length)
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        var number = (_streams[stream].Value & MsmRegisters.BankMask) >> MsmRegisters.BankShift;
        if (number >= (ulong)_banks.Length)
            return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
        var bank = _banks[number];
        if ((_control.Value & MsmRegisters.ClientsBypass) != 0 || (bank.System.Value & MsmRegisters.MmuEnable) == 0)
            return Land(in request, request.Iova.Value);
        ref readonly var entry = ref _tlb.Find(bank.Tag, request.Iova.Value);
        if (Unsafe.IsNullRef(in entry))
            return Walk(in request, bank);
        return IsAllowed(entry.Permissions, in request)
            ? Land(in request, entry.Translate(request.Iova.Value))
            : Refuse(in request, bank, MsmFault.Permission | (entry.PageShift < ArmShortEntry.SectionShift ? MsmFault.SecondLevel : MsmFault.None), FaultReason.PermissionDenied);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsAllowed(PagePermissions permissions, in DmaRequest request) =>
        (permissions & Needed(request.Access)) != 0 && ((permissions & PagePermissions.PrivilegedOnly) == 0 || (request.Attributes & DmaAttributes.Privileged) != 0);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Walk(in DmaRequest request, Bank bank)
    {
        _walker.Walk(bank.Table, request.Iova.Value, out var walk);
        var level = walk.Level == 2 ? MsmFault.SecondLevel : MsmFault.None;
        switch (walk.Status)
        {
            case WalkStatus.Ok:
                break;
            case WalkStatus.AccessFlag:
                return Refuse(in request, bank, MsmFault.AccessFlag | level, FaultReason.AccessFlag);
            case WalkStatus.ReadAbort:
                return Refuse(in request, bank, MsmFault.WalkDecode | level, FaultReason.TableReadAbort);
            default:
                return Refuse(in request, bank, MsmFault.Translation | level, walk.Status == WalkStatus.InputSize ? FaultReason.AddressSize : FaultReason.NotPresent);
        }

        _tlb.Insert(new IotlbEntry { Tag = bank.Tag, Iova = request.Iova.Value, Output = walk.Output, PageShift = walk.PageShift, Permissions = walk.Permissions });
        return IsAllowed(walk.Permissions, in request)
            ? Land(in request, walk.Translate(request.Iova.Value))
            : Refuse(in request, bank, MsmFault.Permission | level, FaultReason.PermissionDenied);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private DmaCompletion Refuse(in DmaRequest request, Bank bank, MsmFault fault, FaultReason reason)
    {
        if ((bank.Status.Value & FaultBits) != 0)
        {
            bank.Status.Value |= (uint)MsmFault.Multiple;
            UnrecordedFaults++;
        }
        else
        {
            var stalls = (bank.Auxiliary.Value & MsmRegisters.StallOnFault) != 0;
            bank.Status.Value = (uint)fault | (stalls ? (uint)MsmFault.Stalled : 0);
            bank.Address.Value = (uint)request.Iova.Value;
            bank.Syndrome0.Value = request.Stream.Value & 0xff;
            bank.Syndrome1.Value = request.Access == DmaAccess.Write ? 1u << 8 : 0;
            Faults.Add(new FaultRecord(request.Stream, request.Iova, request.Access, reason, (ushort)fault));
        }

        return new DmaCompletion(default, DmaStatus.Aborted, request.Tag);
    }

    private sealed class Bank
    {
        private readonly MsmIommu _unit;
        private readonly uint _number;
        private readonly Register _base;
        private readonly Register _context;
        private readonly Register _physical;

        public Bank(MsmIommu unit, uint number)
        {
            (_unit, _number) = (unit, number);
            System = Add(MsmRegisters.SystemControl, "SCTLR", "[0] M, [1] TRE, [2] AFE, [3] HAF, [4] BE, [5] AFFD");
            Auxiliary = Add(MsmRegisters.AuxiliaryControl, "ACTLR", "[1] CFEIE, [6:4] RCxSH, [13:12] TLBMCFG, [14] CFCFG, [17:16] V2PCFG");
            _context = Add(MsmRegisters.ContextId, "CONTEXTIDR", "[7:0] ASID, [31:8] PROCID");
            _base = Add(MsmRegisters.TableBase0, "TTBR0", "[31:14] table");
            Add(MsmRegisters.TableBase1, "TTBR1", "no effect here");
            Add(MsmRegisters.TableControl, "TTBCR", "no effect here");
            _physical = Add(MsmRegisters.PhysicalAddress, "PAR", "[0] failed, [1] supersection, [31:12] address");
            Status = Declare(
                MsmRegisters.FaultStatus,
                "FSR",
                RegisterAccess.WriteOneToClear,
                "[1] TF, [2] AFF, [3] APF, [4] TLBMF, [5] HTWDEEF, [6] HTWSEEF, [7] MHF, [16] SL, [30] SS, [31] MULTI",
                _ => ForgetDetails());
            Declare(MsmRegisters.FaultStatusRestore, "FSRRESTORE", RegisterAccess.WriteOnly, "writes FSR", value => Status!.Value = value);
            Address = Add(MsmRegisters.FaultAddress, "FAR", "");
            Syndrome0 = Add(MsmRegisters.FaultSyndrome0, "FSYNR0", "[7:0] stream");
            Syndrome1 = Add(MsmRegisters.FaultSyndrome1, "FSYNR1", "[8] write");
            Add(MsmRegisters.PrimaryRegionRemap, "PRRR", "no effect here");
            Add(MsmRegisters.NormalMemoryRemap, "NMRR", "no effect here");
            Add(MsmRegisters.TlbLock, "TLBLCKR", "no effect here");
            Add(MsmRegisters.TlbFirstLevelPointer, "TLBFLPTER", "no effect here");
            Add(MsmRegisters.TlbSecondLevelPointer, "TLBSLPTER", "no effect here");
            Add(MsmRegisters.BufferControl, "BFBCR", "[0] BFBDFE; no effect here");
            Declare(MsmRegisters.InvalidateBank, "CTX_TLBIALL", RegisterAccess.WriteOnly, "drops the bank's translations", _ => unit._tlb.Invalidate(new MsmBankEntries(number)));
            Declare(MsmRegisters.InvalidateAsid, "TLBIASID", RegisterAccess.WriteOnly, "[7:0] ASID", value => unit._tlb.Invalidate(new MsmAsidEntries(TagOf(value), 0, ulong.MaxValue)));
            Declare(
                MsmRegisters.InvalidateAddress,
                "TLBIVA",
                RegisterAccess.WriteOnly,
                "[31:12] address, [7:0] ASID",
                value => unit._tlb.Invalidate(new MsmAsidEntries(TagOf(value), value & 0xffff_f000, value | 0xfff)));
            Declare(MsmRegisters.TranslateRead, "V2PPR", RegisterAccess.WriteOnly, "[31:12] address", Lookup);
        }

        public Register System { get; }

        public Register Auxiliary { get; }

        public Register Status { get; }

        public Register Address { get; }

        public Register Syndrome0 { get; }

        public Register Syndrome1 { get; }

        public ulong Table => _base.Value & 0xffff_c000;

        public ulong Tag => TagOf(_context.Value);

        private ulong TagOf(ulong asid) => ((ulong)_number << 8) | (asid & 0xff);

        private Register Add(ulong offset, string name, string fields) => Declare(offset, name, RegisterAccess.ReadWrite, fields, null);

        private Register Declare(ulong offset, string name, RegisterAccess access, string fields, Action<ulong>? onWrite) =>
            _unit.Registers.Add((_number * MsmRegisters.BankSize) + offset, 4, $"CB[{_number}].{name}", access, fields: fields, onWrite: onWrite);

        // Level, stall and MULTI belong to a fault: they go with the last one.
        private void ForgetDetails()
        {
            if ((Status.Value & FaultBits) == 0)
                Status.Value = 0;
        }

        private void Lookup(ulong address)
        {
            _unit._walker.Walk(Table, address & 0xffff_f000, out var walk);
            _physical.Value = walk.Status == WalkStatus.Ok
                ? (walk.Translate(address & 0xffff_f000) & 0xffff_f000) | (walk.PageShift == 24 ? MsmRegisters.IsSupersection : 0)
                : MsmRegisters.TranslationFailed;
        }
    }
}
