using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>One bank of an M4U: a table, a protect address, fault records.</summary>
internal sealed class MtkBank
{
    private const ulong PageMask = 0xffff_f000;

    private readonly Iotlb _tlb;
    private readonly int _number;
    private readonly Register _start;
    private readonly Register _end;
    private readonly Register _select;
    private readonly Register _done;

    /// <summary>Declares the bank's registers.</summary>
    public MtkBank(RegisterFile file, int number, int banks, MtkHardware hardware, Iotlb tlb)
    {
        (_tlb, _number) = (tlb, number);
        TableBase = Add(MtkRegisters.TableBase, "PT_BASE_ADDR", "[31:7] table PA, [2:0] its bits 34:32");
        file.Add(At(MtkRegisters.Invalidate), 4, Name("INVALIDATE"), RegisterAccess.WriteOnly, fields: "1 range, 2 all", onWrite: Invalidate);
        _start = Add(MtkRegisters.InvalidateStart, "INVLD_START", "[31:12] first page, [1:0] its bits 33:32");
        _end = Add(MtkRegisters.InvalidateEnd, "INVLD_END", "[31:12] last page, [1:0] its bits 33:32");
        _select = Add(hardware.InvalidateSelect, "INV_SEL", "[1:0] a bit for each mmu");
        ProtectAddress = Add(MtkRegisters.ProtectAddress, "IVRP_PADDR", hardware.HasLegacyProtectAddress ? "protect buffer PA >> 1" : "protect buffer PA, [2:0] its bits 34:32");
        InterruptControl = file.Add(At(MtkRegisters.InterruptControl), 4, Name("INT_CONTROL0"), fields: "[6:0] enables, [12] clear", onWrite: ControlInterrupt);
        InterruptMain = Add(MtkRegisters.InterruptMain, "INT_MAIN_CONTROL", "[6:0] causes of mmu0, [13:7] of mmu1");
        _done = Add(MtkRegisters.InvalidationDone, "CPE_DONE", "not zero: a range invalidation is done");
        Status = file.Add(At(MtkRegisters.FaultStatus), 4, Name("FAULT_ST1"), RegisterAccess.ReadOnly, fields: "[6:0] causes of mmu0, [13:7] of mmu1: translation, multi-hit, invalid PA, entry replacement, TLB miss, FIFOs");
        Address = [AddRecord(MtkRegisters.FaultAddress, "MMU0_FAULT_VA"), AddRecord(MtkRegisters.FaultAddress + 8, "MMU1_FAULT_VA")];
        Physical = [AddRecord(MtkRegisters.InvalidPhysical, "MMU0_INVLD_PA"), AddRecord(MtkRegisters.InvalidPhysical + 8, "MMU1_INVLD_PA")];
        Id = [AddRecord(MtkRegisters.InterruptId, "MMU0_INT_ID"), AddRecord(MtkRegisters.InterruptId + 4, "MMU1_INT_ID")];

        ulong At(ulong offset) => offset + ((ulong)number * MtkRegisters.BankSize);
        string Name(string name) => banks == 1 ? name : $"BANK{number}_{name}";
        Register Add(ulong offset, string name, string fields) => file.Add(At(offset), 4, Name(name), fields: fields);
        Register AddRecord(ulong offset, string name) => file.Add(At(offset), 4, Name(name), RegisterAccess.ReadOnly);
    }

    public Register TableBase { get; }

    public Register ProtectAddress { get; }

    public Register InterruptControl { get; }

    public Register InterruptMain { get; }

    public Register Status { get; }

    public Register[] Address { get; }

    public Register[] Physical { get; }

    public Register[] Id { get; }

    /// <summary>The table's address.</summary>
    public ulong Table => (TableBase.Value & ~0x7fUL) | ((TableBase.Value & 7) << 32);

    public bool InterruptAsserted => (Status.Value & InterruptMain.Value) != 0 && (InterruptControl.Value & MtkRegisters.InterruptEnables) != 0;

    private void ControlInterrupt(ulong value)
    {
        if ((value & MtkRegisters.InterruptClear) == 0)
            return;
        InterruptControl.Value = value & ~(ulong)MtkRegisters.InterruptClear;
        Status.Value = 0;
    }

    // A range is of this bank's addresses; everything is of all banks'.
    private void Invalidate(ulong command)
    {
        if ((_select.Value & MtkRegisters.BothMmus) == 0)
            return;
        if ((command & MtkRegisters.InvalidateAll) != 0)
            _tlb.InvalidateAll();
        if ((command & MtkRegisters.InvalidateRange) == 0)
            return;
        _tlb.Invalidate(new MtkBankRange((ulong)_number, new IotlbRange(Decode(_start.Value), Decode(_end.Value) | 0xfff)));
        _done.Value = 1;
    }

    private static ulong Decode(ulong value) => (value & PageMask) | ((value & 3) << 32);
}
