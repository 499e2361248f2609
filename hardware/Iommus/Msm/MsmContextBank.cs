using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Registers;
using R = Emulator.Hardware.Iommus.Msm.MsmRegisters;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>One context bank: its registers, and what they come to.</summary>
internal sealed class MsmContextBank
{
    private const uint FaultBits = 0xfe;

    private readonly ArmShortWalker _walker;
    private readonly Register _control;
    private readonly Register _auxiliary;
    private readonly Register _context;
    private readonly Register _tableBase;
    private readonly Register _physical;
    private readonly Register _status;
    private readonly Register _address;
    private readonly Register _syndrome0;
    private readonly Register _syndrome1;
    private readonly Register _attributes;

    /// <summary>Declares the bank's registers.</summary>
    /// <param name="file">The IOMMU's registers.</param>
    /// <param name="memory">Where tables are.</param>
    /// <param name="number">Which bank.</param>
    /// <param name="attributes">Its CBACR.</param>
    /// <param name="lockWritable">Whether TLBLKCR may be written.</param>
    /// <param name="iommu">Performs invalidations, V2P operations and RESUME.</param>
    public MsmContextBank(RegisterFile file, PhysicalMemory memory, int number, Register attributes, Func<bool> lockWritable, MsmIommu iommu)
    {
        (Number, _attributes, _walker) = (number, attributes, new ArmShortWalker(memory));
        Register Add(
            ulong offset, string name, string fields = "", RegisterAccess access = RegisterAccess.ReadWrite, Action<ulong>? onWrite = null, Func<bool>? writable = null) =>
            file.Add(R.Bank(number) + offset, 4, $"{name}[{number}]", access, fields: fields, onWrite: onWrite, writable: writable);

        _control = Add(R.Control, "SCTLR", "[0] M, [1] TRE, [2] AFE, [3] HAF, [4] BE, [5] AFFD", onWrite: _ => Decode());
        _auxiliary = Add(
            R.AuxiliaryControl,
            "ACTLR",
            "[0] CFERE, [1] CFEIE, [3:2] PTSHCFG, [4] RCOSH, [5] RCISH, [6] RCNSH, [9:8] PRIVCFG, [10] DNA, [11] DNLV2PA, [13:12] TLBMCFG, [14] CFCFG, [15] TIPCF, [17:16] V2PCFG, [18] HUME, [20] PTMTCFG");
        _context = Add(R.ContextId, "CONTEXTIDR", "[31:8] PROCID, [7:0] ASID", onWrite: _ => Decode());
        _tableBase = Add(R.TableBase0, "TTBR0", "[31:14] table, [5] NOS, [4:3] ORGN, [1] S, [0,6] IRGN");
        Add(R.TableBase1, "TTBR1", "[31:14] table, [5] NOS, [4:3] ORGN, [1] S, [0,6] IRGN");
        Add(R.TableControl, "TTBCR", "N, PD0, PD1: no effect here");
        _physical = Add(R.PhysicalAddress, "PAR", "[0] failed; then as FSR; else [31:12] PA, [1] supersection");
        _status = Add(
            R.FaultStatus,
            "FSR",
            "[1] TF, [2] AFF, [3] APF, [4] TLBMF, [5] HTWDEEF, [6] HTWSEEF, [7] MHF, [16] SL, [30] SS, [31] MULTI",
            RegisterAccess.WriteOneToClear,
            _ => DropQualifiers());
        Add(R.FaultStatusRestore, "FSRRESTORE", "what FSR is to be", RegisterAccess.WriteOnly, Restore);
        _address = Add(R.FaultAddress, "FAR", "address of the fault");
        _syndrome0 = Add(R.FaultSyndrome0, "FSYNR0", "[7:0] AMID, [12:8] APID, [15:13] ABID, [31:24] ATID");
        _syndrome1 = Add(R.FaultSyndrome1, "FSYNR1", "[5] APRIV, [7] AINST, [8] AWRITE");
        Add(R.PrimaryRegionRemap, "PRRR");
        Add(R.NormalMemoryRemap, "NMRR");
        Add(R.TlbLock, "TLBLKCR", "no effect here", writable: lockWritable);
        Add(R.TranslateStatus, "V2PSR", "[0] hit, [1] active, [15:8] index: always 0 here", RegisterAccess.ReadOnly);
        Add(R.TlbFirstLevel, "TLBFLPTER", "no effect here");
        Add(R.TlbSecondLevel, "TLBSLPTER", "no effect here");
        Add(R.PrefetchControl, "BFBCR", "[0] BFBDFE, no effect here");
        Add(R.TlbiAll, "CTX_TLBIALL", "drops what the bank filled", RegisterAccess.WriteOnly, _ => iommu.Invalidate(new MsmBankEntries(number)));
        Add(R.TlbiAsid, "TLBIASID", "[7:0] ASID", RegisterAccess.WriteOnly, value => iommu.Invalidate(new MsmTlbEntries(MsmTlbEntries.VmidAndAsid, TagOf(value))));
        Add(
            R.TlbiAddress,
            "TLBIVA",
            "[31:12] address, [7:0] ASID",
            RegisterAccess.WriteOnly,
            value => iommu.Invalidate(new MsmTlbEntries(MsmTlbEntries.VmidAndAsid, TagOf(value), value.InPlace(31, 12))));
        Add(
            R.TlbiAddressAll,
            "TLBIVAA",
            "[31:12] address",
            RegisterAccess.WriteOnly,
            value => iommu.Invalidate(new MsmTlbEntries(MsmTlbEntries.Vmid, MsmTlbEntries.Tag(Vmid, 0), value.InPlace(31, 12))));
        foreach (var (name, index) in ((string[])["V2PPR", "V2PPW", "V2PUR", "V2PUW"]).Select((name, index) => (name, index)))
        {
            var access = index % 2 == 0 ? DmaAccess.Read : DmaAccess.Write;
            var attributesOf = index < 2 ? DmaAttributes.Privileged : DmaAttributes.None;
            Add(R.Translate + (4 * (ulong)index), name, "[31:12] address", RegisterAccess.WriteOnly, value => _physical!.Value = iommu.Probe(this, value.InPlace(31, 12), access, attributesOf));
        }

        Add(R.Resume, "RESUME", "[0] TNR: 1 terminates, 0 tries again", RegisterAccess.WriteOnly, value => iommu.Resume(this, terminate: value.Bit(0)));
        Decode();
    }

    public int Number { get; }

    // SCTLR.M: else the bank's streams pass untranslated.
    public bool Translates { get; private set; }

    // VMID and ASID, which its TLB entries are tagged with.
    public ulong Tag { get; private set; }

    // A transaction is stalled: set by the fault, ended by RESUME.
    public bool IsStalled { get; set; }

    public bool StallsFaults => _auxiliary.Value.Bit(R.FaultStalls);

    public bool WalksOnMiss => _auxiliary.Value.Number(R.MissConfiguration + 1, R.MissConfiguration) == R.WalkOnMiss;

    public bool ProbesWalk => _auxiliary.Value.Number(R.TranslateConfiguration + 1, R.TranslateConfiguration) == R.WalkOnMiss;

    public bool HasFault => (_status.Value & FaultBits) != 0;

    // Interrupt 0 is the one that is connected.
    public bool Interrupts => HasFault && _auxiliary.Value.Bit(R.FaultInterrupt) && _attributes.Value.Number(31, 24) == 0;

    private ulong Vmid => _attributes.Value.Bits(20, 16);

    /// <summary>Follows a write to SCTLR, CONTEXTIDR or CBACR.</summary>
    public void Decode()
    {
        Translates = _control.Value.Bit(R.Enable);
        Tag = TagOf(_context.Value);
    }

    /// <summary>Walks the bank's table.</summary>
    public MsmFault Walk(ulong address, out WalkResult walk)
    {
        _walker.Walk(_tableBase.Value.InPlace(31, 14), address, out walk);
        return walk.Status switch
        {
            WalkStatus.Ok => MsmFault.None,
            WalkStatus.AccessFlag => MsmFault.AccessFlag,
            WalkStatus.ReadAbort => MsmFault.TableDecode,
            _ => MsmFault.Translation,
        };
    }

    /// <summary>Records a fault: the first one in full, later ones as MULTI.</summary>
    /// <returns>Whether it was the first.</returns>
    public bool Record(in DmaRequest request, MsmFault fault, bool secondLevel, bool stalled)
    {
        var first = !HasFault;
        if (first)
        {
            _status.Value |= (ulong)fault | (secondLevel ? R.SecondLevel : 0);
            _address.Value = (uint)request.Iova.Value;
            _syndrome0.Value = Syndrome0(request);
            _syndrome1.Value = Syndrome1(request);
        }
        else
        {
            _status.Value |= R.Multiple;
        }

        if (stalled)
        {
            _status.Value |= R.Stalled;
            IsStalled = true;
        }

        return first;
    }

    public static ulong Syndrome0(in DmaRequest request) => request.Stream.Value & 0xff;

    public static ulong Syndrome1(in DmaRequest request) =>
        ((request.Attributes & DmaAttributes.Privileged) != 0 ? 1u << 5 : 0)
        | ((request.Attributes & DmaAttributes.Instruction) != 0 ? 1u << 7 : 0)
        | (request.IsWrite ? 1u << 8 : 0);

    private ulong TagOf(ulong asid) => MsmTlbEntries.Tag(Vmid, asid & 0xff);

    private void Restore(ulong value) => _status.Value = value;

    // SL and MULTI say something of a fault: they go with it.
    private void DropQualifiers()
    {
        if (!HasFault)
            _status.Value &= ~(ulong)(R.SecondLevel | R.Multiple);
    }
}
