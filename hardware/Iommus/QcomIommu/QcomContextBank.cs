using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Registers;
using R = Emulator.Hardware.Iommus.QcomIommu.QcomIommuRegisters;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>One context bank: its registers, and what they come to.</summary>
internal sealed class QcomContextBank
{
    private const uint FaultBits = 0x1fe;
    private static readonly int[] AddressSizes = [32, 36, 40, 42, 44, 48];

    private readonly PhysicalMemory _memory;
    private readonly Register _control;
    private readonly Register _translationControl2;
    private readonly Register _tableBase0;
    private readonly Register _tableBase1;
    private readonly Register _translationControl;
    private readonly Register _status;
    private readonly Register _address;
    private readonly Register _syndrome;
    private ArmLpaeRegime _regime;
    private bool _walks;

    /// <summary>Declares the bank's registers.</summary>
    /// <param name="file">The IOMMU's registers.</param>
    /// <param name="memory">Where tables are.</param>
    /// <param name="number">Which bank.</param>
    /// <param name="isProgrammable">Whether writes reach it.</param>
    /// <param name="iommu">Performs invalidations and RESUME.</param>
    public QcomContextBank(RegisterFile file, PhysicalMemory memory, int number, bool isProgrammable, QcomIommuIommu iommu)
    {
        (_memory, Number, IsProgrammable) = (memory, number, isProgrammable);
        Func<bool>? writable = isProgrammable ? null : () => false;
        Register Add(ulong offset, int width, string name, string fields = "", RegisterAccess access = RegisterAccess.ReadWrite, Action<ulong>? onWrite = null) =>
            file.Add(QcomIommuHardware.Bank(number) + offset, width, $"{name}[{number}]", access, fields: fields, onWrite: onWrite, writable: writable);
        void Decoded(ulong value) => Decode();

        _control = Add(R.Control, 4, "SCTLR", "[12] ASIDPNE, [8] HUPCF, [7] CFCFG, [6] CFIE, [5] CFRE, [4] E, [2] AFE, [1] TRE, [0] M", onWrite: Decoded);
        Add(R.AuxiliaryControl, 4, "ACTLR");
        Add(R.Resume, 4, "RESUME", "0 tries again, 1 terminates", RegisterAccess.WriteOnly, value => iommu.Resume(this, terminate: value.Bit(0)));
        _translationControl2 = Add(R.TranslationControl2, 4, "TCR2", "[17:15] SEP, [4] AS, [2:0] PASize", onWrite: Decoded);
        _tableBase0 = Add(R.TableBase0, 8, "TTBR0", "[63:48] ASID, [47:5] table", onWrite: Decoded);
        _tableBase1 = Add(R.TableBase1, 8, "TTBR1", "[63:48] ASID, [47:5] table", onWrite: Decoded);
        _translationControl = Add(R.TranslationControl, 4, "TCR", "[31] EAE, [23] EPD1, [22] A1, [13:12] SH0, [11:10] ORGN0, [9:8] IRGN0, [7] EPD0, [2:0] T0SZ", onWrite: Decoded);
        Add(R.ContextId, 4, "CONTEXTIDR");
        Add(R.MemoryAttributes0, 4, "MAIR0");
        Add(R.MemoryAttributes1, 4, "MAIR1");
        _status = Add(
            R.FaultStatus, 4, "FSR", "[31] MULTI, [30] SS, [8] UUT, [7] ASF, [6] TLBLKF, [5] TLBMCF, [4] EF, [3] PF, [2] AFF, [1] TF", RegisterAccess.WriteOneToClear, _ => KeepStalled());
        _address = Add(R.FaultAddress, 8, "FAR", "address of the fault");
        _syndrome = Add(R.FaultSyndrome0, 4, "FSYNR0", "[23:16] bank, [10] PTWF, [6] IND, [5] PNU, [4] WNR, [1:0] PLVL");
        Add(R.FaultSyndrome1, 4, "FSYNR1");
        Add(R.TlbiAddress, 4, "TLBIVA", "[31:12] address, [7:0] ASID", RegisterAccess.WriteOnly, value => iommu.Invalidate(new AddressEntries((byte)value, value.InPlace(31, 12))));
        Add(R.TlbiAsid, 4, "TLBIASID", "[15:0] ASID", RegisterAccess.WriteOnly, value => iommu.Invalidate(new AsidEntries((ushort)value)));
        Add(R.TlbiAddressLast, 4, "TLBIVAL", "[31:12] address, [7:0] ASID", RegisterAccess.WriteOnly, value => iommu.Invalidate(new AddressEntries((byte)value, value.InPlace(31, 12))));
        Add(R.TlbSync, 4, "TLBSYNC", access: RegisterAccess.WriteOnly);
        Add(R.TlbStatus, 4, "TLBSTATUS", "[0] active", RegisterAccess.ReadOnly);
        Decode();
    }

    public int Number { get; }

    public bool IsProgrammable { get; }

    // SCTLR.M: else the stream passes untranslated.
    public bool Translates { get; private set; }

    // What its TLB entries are tagged with.
    public ushort Asid { get; private set; }

    // A transaction is stalled: set by the fault, ended by RESUME.
    public bool IsStalled { get; private set; }

    public bool HoldsTransactions => IsStalled && !Has(R.HitUnderFault);

    public bool StallsFaults => Has(R.FaultStalls);

    public bool HasFault => (_status.Value & FaultBits) != 0;

    public bool Interrupts => HasFault && Has(R.FaultInterrupt);

    /// <summary>Walks the bank's table.</summary>
    public QcomIommuFault Walk(ulong address, out WalkResult walk)
    {
        walk = default;
        walk.Level = 1;
        if (!_walks)
            return QcomIommuFault.Translation;
        var reader = new MemoryTableReader(_memory);
        ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, in _regime, address, out walk);
        return walk.Status switch
        {
            WalkStatus.Ok => QcomIommuFault.None,
            WalkStatus.OutputSize => QcomIommuFault.AddressSize,
            WalkStatus.ReadAbort => QcomIommuFault.External,
            WalkStatus.AccessFlag => QcomIommuFault.AccessFlag,
            _ => QcomIommuFault.Translation,
        };
    }

    /// <summary>Records a fault: the first one in full, later ones as MULTI.</summary>
    /// <returns>Whether it was the first.</returns>
    public bool Record(QcomIommuFault fault, ulong address, uint syndrome, bool stalled)
    {
        var first = !HasFault;
        if (first)
        {
            _status.Value |= (ulong)fault;
            _address.Value = address;
            _syndrome.Value = syndrome | ((uint)Number << 16);
        }
        else
        {
            _status.Value |= R.Multiple;
        }

        IsStalled |= stalled;
        KeepStalled();
        return first;
    }

    /// <summary>RESUME answers what is stalled.</summary>
    public void Unstall()
    {
        IsStalled = false;
        _status.Value &= ~(ulong)R.Stalled;
    }

    private bool Has(uint bit) => (_control.Value & bit) != 0;

    // Clearing FSR leaves SS as long as something is stalled.
    private void KeepStalled()
    {
        if (IsStalled)
            _status.Value |= R.Stalled;
    }

    private void Decode()
    {
        var control = _translationControl.Value;
        Translates = Has(R.Translate);
        var asid = (control.Bit(22) ? _tableBase1 : _tableBase0).Value >> 48;
        Asid = (ushort)(_translationControl2.Value.Bit(4) ? asid : asid & 0xff);

        // Long descriptors, TTBR0 not disabled.
        _walks = control.Bit(31) && !control.Bit(7);
        if (!_walks)
            return;
        var inputBits = 32 - control.Number(2, 0);
        var outputBits = AddressSizes[Math.Min(_translationControl2.Value.Number(2, 0), AddressSizes.Length - 1)];
        _regime = new ArmLpaeRegime(_tableBase0.Value.InPlace(47, 5), 12, ArmLpaeRegime.Stage1StartLevel(12, inputBits), inputBits, Math.Min(outputBits, 40));
    }
}
