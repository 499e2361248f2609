using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>One context bank: its registers, and what they come to.</summary>
internal sealed class ContextBank
{
    private const uint FaultBits = R.AnyFault & ~(R.Multiple | R.Stalled);

    private readonly PhysicalMemory _memory;
    private readonly ArmSmmuOptions _options;
    private readonly Iotlb _tlb;
    private readonly int _index;
    private readonly Register _attributes;
    private readonly Register? _attributes2;
    private readonly Register _stream;
    private readonly Register _control;
    private readonly Register? _translationControl2;
    private readonly Register _translationControl;
    private readonly Register _tableBase0;
    private readonly Register _tableBase1;
    private readonly Register _answer;
    private readonly Register _status;
    private readonly Register _address;
    private readonly Register _syndrome;
    private ArmLpaeRegime _regime;
    private bool _stage2;
    private bool _walks;
    private ushort _vmid;
    private bool _wideVmids;
    private bool _stalled;

    /// <summary>Declares the bank's registers.</summary>
    /// <param name="file">The SMMU's registers.</param>
    /// <param name="memory">Where tables are.</param>
    /// <param name="options">What the SMMU implements.</param>
    /// <param name="tlb">The SMMU's TLB.</param>
    /// <param name="index">Which bank.</param>
    /// <param name="resume">RESUME was written: this bank, and whether to terminate.</param>
    public ContextBank(RegisterFile file, PhysicalMemory memory, ArmSmmuOptions options, Iotlb tlb, int index, Action<ContextBank, bool> resume)
    {
        (_memory, _options, _tlb, _index) = (memory, options, tlb, index);
        var page1 = options.Layout.Page1 + (4 * (ulong)index);
        var bank = options.Layout.Bank(index);
        Register Add(ulong offset, int width, string name, string fields = "", RegisterAccess access = RegisterAccess.ReadWrite, Action<ulong>? onWrite = null) =>
            file.Add(offset, width, $"{name}[{index}]", access, fields: fields, onWrite: onWrite);
        void Decoded(ulong value) => Decode();

        _attributes = Add(page1 + R.BankAttributes, 4, "CBAR", "IRPTNDX 31:24 (v1), TYPE 17:16, MEMATTR 15:12, BPSHCFG 9:8, VMID 7:0", onWrite: Decoded);
        _stream = Add(page1 + R.BankFaultStream, 4, "CBFRSYNRA", "SID 15:0");
        if (options.Version == 2)
        {
            _attributes2 = Add(page1 + R.BankAttributes2, 4, "CBA2R", "VMID16 31:16, VA64 0", onWrite: Decoded);
            _translationControl2 = Add(bank + R.TranslationControl2, 4, "CB_TCR2", "SEP 17:15, AS 4, PASIZE 3:0", onWrite: Decoded);
        }

        _control = Add(bank + R.BankControl, 4, "CB_SCTLR", "ASIDPNE 12, HUPCF 8, CFCFG 7, CFIE 6, CFRE 5, E 4, AFE 2, TRE 1, M 0", onWrite: Decoded);
        Add(bank + R.BankAuxiliaryControl, 4, "CB_ACTLR", "MMU-500: CPRE 1");
        Add(bank + R.Resume, 4, "CB_RESUME", "0 retries, 1 terminates", RegisterAccess.WriteOnly, value => resume(this, value.Bit(0)));
        _tableBase0 = Add(bank + R.TableBase0, 8, "CB_TTBR0", "ASID 63:48, table 47:4", onWrite: _ => WriteTableBase(_tableBase0!));
        _tableBase1 = Add(bank + R.TableBase1, 8, "CB_TTBR1", "ASID 63:48, table 47:4", onWrite: _ => WriteTableBase(_tableBase1!));
        _translationControl = Add(
            bank + R.TranslationControl, 4, "CB_TCR", "EAE 31, EPD1 23, A1 22, PS 18:16, TG0 15:14, SH0 13:12, ORGN0 11:10, IRGN0 9:8, EPD0 7 or SL0 7:6, T0SZ 5:0", onWrite: Decoded);
        Add(bank + R.ContextId, 4, "CB_CONTEXTIDR");
        Add(bank + R.MemoryAttributes0, 4, "CB_MAIR0");
        Add(bank + R.MemoryAttributes1, 4, "CB_MAIR1");
        _answer = Add(bank + R.PhysicalAddress, 8, "CB_PAR", "F 0, address 47:12");
        _status = Add(
            bank + R.FaultStatus, 4, "CB_FSR", "MULTI 31, SS 30, FORMAT 10:9, UUT 8, ASF 7, TLBLKF 6, TLBMCF 5, EF 4, PF 3, AFF 2, TF 1", RegisterAccess.WriteOneToClear, _ => KeepStalled());
        _address = Add(bank + R.FaultAddress, 8, "CB_FAR");
        _syndrome = Add(bank + R.FaultSyndrome0, 4, "CB_FSYNR0", "S1CBNDX 23:16, AFR 11, PTWF 10, NSATTR 8, IND 6, PNU 5, WNR 4, PLVL 1:0");
        const RegisterAccess Command = RegisterAccess.WriteOnly;
        Add(bank + R.TlbiAddress, 8, "CB_TLBIVA", "AArch64: ASID 63:48, address 55:12 in 43:0; AArch32: address 31:12, ASID 7:0", Command, InvalidateAddress);
        Add(bank + R.TlbiAsid, 4, "CB_TLBIASID", "ASID 15:0", Command, value => InvalidateStage1(new TlbiByTag(ulong.MaxValue, TlbTag.Stage1(_vmid, (ushort)value))));
        Add(bank + R.TlbiAddressLast, 8, "CB_TLBIVAL", "as TLBIVA", Command, InvalidateAddress);
        Add(bank + R.TlbiIntermediate, 8, "CB_TLBIIPAS2", "address 47:12 in 35:0", Command, InvalidateIntermediate);
        Add(bank + R.TlbiIntermediateLast, 8, "CB_TLBIIPAS2L", "as TLBIIPAS2", Command, InvalidateIntermediate);
        Add(bank + R.TlbSync, 4, "CB_TLBSYNC", access: Command);
        Add(bank + R.TlbStatus, 4, "CB_TLBSTATUS", "SACTIVE 0", RegisterAccess.ReadOnly);
        if (options.AddressTranslation)
        {
            Add(bank + R.TranslateAddress, 8, "CB_ATS1PR", "address 63:12", Command, Answer);
            Add(bank + R.TranslateStatus, 4, "CB_ATSR", "ACTIVE 0", RegisterAccess.ReadOnly);
        }

        Decode();
    }

    /// <summary>SCTLR.M: else requests pass untranslated.</summary>
    public bool Translates { get; private set; }

    /// <summary>CBAR asks for what is refused with a global fault.</summary>
    public bool IsInvalid { get; private set; }

    /// <summary>What its TLB entries are tagged with.</summary>
    public ulong Tag { get; private set; }

    /// <summary>A request is stalled.</summary>
    public bool IsStalled => _stalled;

    /// <summary>Requests wait while one is stalled.</summary>
    public bool HoldsRequests => _stalled && !Has(ContextBankControl.HitUnderFault);

    /// <summary>A fault stalls the request.</summary>
    public bool StallsFaults => Has(ContextBankControl.FaultStalls);

    /// <summary>A fault is recorded.</summary>
    public bool HasFault => (_status.Value & FaultBits) != 0;

    /// <summary>A fault is recorded, and raises the interrupt.</summary>
    public bool Interrupts => HasFault && Has(ContextBankControl.FaultInterrupt);

    private bool Is64Bit => _attributes2?.Value.Bit(0) == true;

    private bool HasWideAsids => _translationControl2?.Value.Bit(4) == true;

    /// <summary>sCR0.VMID16EN changed.</summary>
    public void UseWideVmids(bool wide)
    {
        _wideVmids = wide && _options is { Version: 2, WideVmids: true };
        Decode();
    }

    /// <summary>Walks the bank's tables.</summary>
    /// <param name="address">The address as it arrived.</param>
    /// <param name="walk">What was found; the level also after a fault.</param>
    /// <returns>Why not, or <see cref="ArmSmmuFault.None"/>.</returns>
    public ArmSmmuFault Walk(ulong address, out WalkResult walk)
    {
        walk = default;
        walk.Level = (sbyte)_regime.StartLevel;
        if (!_walks || address >> _options.InputBits != 0)
            return ArmSmmuFault.Translation;
        var reader = new MemoryTableReader(_memory);
        if (_stage2)
            ArmLpaeWalker.Walk<ArmLpaeStage2, MemoryTableReader>(ref reader, in _regime, address, out walk);
        else
            ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, in _regime, address, out walk);
        return walk.Status switch
        {
            WalkStatus.Ok => ArmSmmuFault.None,
            WalkStatus.OutputSize => ArmSmmuFault.AddressSize,
            WalkStatus.ReadAbort => ArmSmmuFault.External,
            WalkStatus.AccessFlag => ArmSmmuFault.AccessFlag,
            _ => ArmSmmuFault.Translation,
        };
    }

    /// <summary>Records a fault: the first one in full, later ones as MULTI.</summary>
    /// <param name="fault">FSR.</param>
    /// <param name="address">FAR.</param>
    /// <param name="syndrome">FSYNR0.</param>
    /// <param name="stream">CBFRSYNRA.</param>
    /// <param name="stalled">The request is stalled.</param>
    /// <returns>Whether it was the first.</returns>
    public bool Record(ArmSmmuFault fault, ulong address, uint syndrome, uint stream, bool stalled)
    {
        var first = !HasFault;
        if (first)
        {
            _status.Value = (uint)fault | (_status.Value & R.Stalled);
            _address.Value = address;
            _syndrome.Value = syndrome;
            _stream.Value = (ushort)stream;
        }
        else
        {
            _status.Value |= R.Multiple;
        }

        _stalled |= stalled;
        KeepStalled();
        return first;
    }

    /// <summary>RESUME answers what is stalled.</summary>
    public void Unstall()
    {
        _stalled = false;
        _status.Value &= ~(ulong)R.Stalled;
    }

    private bool Has(ContextBankControl bit) => (_control.Value & (uint)bit) != 0;

    // SS follows the stalled request; clearing FSR leaves it.
    private void KeepStalled()
    {
        if (_stalled)
            _status.Value |= R.Stalled;
    }

    private void WriteTableBase(Register register)
    {
        // Without TCR2.AS an ASID has 8 bits, and what is written above them is lost.
        if (!HasWideAsids)
            register.Value &= ~(0xffUL << 56);
        Decode();
    }

    private void Decode()
    {
        var attributes = new ContextBankAttributes((uint)_attributes.Value);
        var type = _index < _options.Layout.Stage2Banks ? ContextBankType.Stage2 : attributes.Type;
        Translates = Has(ContextBankControl.Translate);
        IsInvalid = type is ContextBankType.Stage1Fault or ContextBankType.Nested;
        _stage2 = type == ContextBankType.Stage2;
        _vmid = _wideVmids ? (ushort)(_attributes2!.Value >> 16) : attributes.Vmid;
        var asid = (ushort)((_translationControl.Value.Bit(22) ? _tableBase1 : _tableBase0).Value >> 48);
        Tag = _stage2 ? TlbTag.Stage2(_vmid) : TlbTag.Stage1(_vmid, asid);
        var implemented = (_stage2 ? _options.Stage2 : _options.Stage1) && (Is64Bit || _options.Aarch32) && !Has(ContextBankControl.BigEndian);
        _walks = implemented && (_stage2 ? DecodeStage2() : DecodeStage1());
    }

    private bool DecodeStage1()
    {
        var control = _translationControl.Value;
        var (granule, inputBits, outputBits) = Is64Bit
            ? (GranuleShift(control), 64 - control.Number(5, 0), ArmSmmuOptions.Decode(_translationControl2!.Value.Number(3, 0)))
            : (control.Bit(31) ? 12 : 0, 32 - control.Number(2, 0), 40);
        if (granule == 0 || inputBits is < 25 or > 48 || control.Bit(7))
            return false;
        SetRegime(granule, ArmLpaeRegime.Stage1StartLevel(granule, inputBits), inputBits, outputBits);
        return true;
    }

    private bool DecodeStage2()
    {
        var control = _translationControl.Value;

        // AArch32: T0SZ is a signed number of 4 bits, its sign repeated in bit 4.
        var (granule, inputBits, outputBits) = Is64Bit
            ? (GranuleShift(control), 64 - control.Number(5, 0), ArmSmmuOptions.Decode(control.Number(18, 16)))
            : (12, 32 - ((control.Number(3, 0) ^ 8) - 8), 40);
        var level = granule == 0 ? -1 : ArmLpaeRegime.Stage2StartLevel(granule, control.Number(7, 6));
        if (level is < 0 or > 3 || inputBits is < 25 or > 48)
            return false;

        // The first table resolves at least one bit, and at most four more than a table of one page: 16 tables side by side.
        var firstBits = inputBits - granule - ((3 - level) * (granule - 3));
        if (firstBits < 1 || firstBits > granule - 3 + 4)
            return false;
        SetRegime(granule, level, inputBits, outputBits);
        return true;
    }

    private int GranuleShift(ulong control)
    {
        var shift = control.Number(15, 14) switch { 0 => 12, 1 => 16, 2 => 14, _ => 0 };
        return _options.HasGranule(shift) ? shift : 0;
    }

    private void SetRegime(int granule, int level, int inputBits, int outputBits)
    {
        var firstBits = Math.Max(inputBits - granule - ((3 - level) * (granule - 3)), 1);
        var root = _tableBase0.Value.InPlace(47, 4) & ~((8UL << firstBits) - 1);
        _regime = new ArmLpaeRegime(root, granule, level, inputBits, Math.Min(outputBits, _options.OutputBits));
    }

    private void InvalidateAddress(ulong operand)
    {
        var (asid, address) = Is64Bit ? ((ushort)(operand >> 48), operand.Bits(43, 0) << 12) : ((byte)operand, operand.InPlace(31, 12));
        InvalidateStage1(new TlbiByAddress(TlbTag.Stage1(_vmid, asid), address));
    }

    private void InvalidateStage1<TSelector>(TSelector selector)
        where TSelector : struct, IIotlbSelector
    {
        if (!_stage2)
            _tlb.Invalidate(selector);
    }

    private void InvalidateIntermediate(ulong operand) => _tlb.Invalidate(new TlbiByAddress(TlbTag.Stage2(_vmid), operand.Bits(35, 0) << 12));

    private void Answer(ulong address)
    {
        WalkResult walk = default;
        var fault = _stage2 || !Translates ? ArmSmmuFault.None : Walk(address, out walk);
        _answer.Value = fault != ArmSmmuFault.None ? 1 | (uint)fault : (Translates ? walk.Translate(address) : address).InPlace(47, 12);
    }
}
