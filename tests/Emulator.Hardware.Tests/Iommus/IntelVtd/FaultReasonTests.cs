using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.IntelVtd;

namespace Emulator.Hardware.Tests.Iommus.IntelVtd;

/// <summary>Every fault reason, brought about by a DMA and read back from the fault record.</summary>
public sealed class FaultReasonTests
{
    private static readonly Dictionary<ushort, Action<VtdMachine>> Legacy = new()
    {
        [0x01] = m => m.Write(VtdMachine.RootSlot, 0),
        [0x02] = m => m.Write(VtdMachine.Context, VtdMachine.SecondTop),
        [0x03] = m => m.SetContext(VtdTranslationType.Reserved),
        [0x07] = m => m.Write(VtdMachine.SecondTop, VtdMachine.OutsideRam | 3),
        [0x08] = m => m.SetRoot(VtdMachine.OutsideRam),
        [0x09] = m => m.Write(VtdMachine.RootSlot, VtdMachine.OutsideRam | 1),
        [0x0a] = m => m.Write(VtdMachine.RootSlot, VtdMachine.Context | 0x11),
        [0x0b] = m => m.Write(VtdMachine.Context, VtdMachine.SecondTop | 0x21),
        [0x0c] = m => m.Write(VtdMachine.SecondTop, (VtdMachine.SecondTop + 0x1000) | 0x83),
        [0x0e] = m => m.Write(VtdMachine.SecondLeaf, 0xfee0_0003),
    };

    private static readonly Dictionary<ushort, Action<VtdMachine>> Scalable = new()
    {
        [0x30] = m => m.SetRoot(VtdMachine.Root | (2UL << 10)),
        [0x38] = m => m.SetRoot(VtdMachine.OutsideRam | VtdRootTableAddress.ScalableMode),
        [0x39] = m => m.Write(VtdMachine.RootSlot, 0),
        [0x3a] = m => m.Write(VtdMachine.RootSlot, VtdMachine.Context | 3),
        [0x40] = m => m.Write(VtdMachine.RootSlot, VtdMachine.OutsideRam | 1),
        [0x41] = m => m.Write(VtdMachine.Context, 0),
        [0x42] = m => m.Write(VtdMachine.Context, VtdMachine.Directory | 0x21),
        [0x48] = m => m.Write(VtdMachine.Context + 8, 0xfffff),
        [0x50] = m => m.Write(VtdMachine.Context, VtdMachine.OutsideRam | 1),
        [0x51] = m => m.Write(VtdMachine.Directory, 0),
        [0x52] = m => m.Write(VtdMachine.Directory, VtdMachine.Pasid | 5),
        [0x58] = m => m.Write(VtdMachine.Directory, VtdMachine.OutsideRam | 1),
        [0x59] = m => m.Write(VtdMachine.Pasid, 0),
        [0x5a] = m => m.Write(VtdMachine.Pasid, VtdMachine.SecondTop | 0x489),
        [0x5b] = m => m.SetPasid(VtdPasidTranslation.None),
        [0x70] = m => FirstLevel(m, VtdMachine.FirstTop, VtdMachine.OutsideRam | 0x27),
        [0x71] = m => FirstLevel(m, VtdMachine.FirstLeaf, 0),
        [0x72] = m => FirstLevel(m, VtdMachine.FirstTop, (VtdMachine.FirstTop + 0x1000) | 0xa7),
        [0x73] = m => m.SetPasid(VtdPasidTranslation.FirstLevel, VtdMachine.OutsideRam),
        [0x76] = m => m.SetPasid(VtdPasidTranslation.Nested),
        [0x78] = m => m.Write(VtdMachine.SecondTop, VtdMachine.OutsideRam | 3),
        [0x79] = m => m.Write(VtdMachine.SecondLeaf, VtdMachine.Page | 1),
        [0x7a] = m => m.Write(VtdMachine.SecondTop, (VtdMachine.SecondTop + 0x1000) | 0x83),
        [0x81] = m => FirstLevel(m, VtdMachine.FirstLeaf, VtdMachine.Page | 0x63),
        [0x85] = m => FirstLevel(m, VtdMachine.FirstLeaf, VtdMachine.Page | 0x25),
        [0x87] = m => m.Write(VtdMachine.SecondLeaf, 0xfee0_0003),
    };

    public static TheoryData<int, bool> Codes
    {
        get
        {
            var codes = new TheoryData<int, bool>();
            foreach (var code in Legacy.Keys)
                codes.Add(code, false);
            foreach (var code in Scalable.Keys)
                codes.Add(code, true);
            return codes;
        }
    }

    [Theory]
    [MemberData(nameof(Codes))]
    public void A_write_is_refused_and_its_reason_recorded(int code, bool scalable)
    {
        using var machine = new VtdMachine(scalable);
        (scalable ? Scalable : Legacy)[(ushort)code](machine);

        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Write, VtdMachine.Iova + 0x678).Status);

        var record = new VtdFaultRecord(machine.Register(0x220, 8), machine.Register(0x228, 8));
        Assert.Equal(VtdFaultRecord.Create(VtdMachine.Iova, VtdMachine.Source, (byte)code, read: false, pasid: null), record);
        var fault = machine.TakeFault();
        Assert.Equal(code, (int)fault!.Value.Code);
        Assert.Equal(VtdFaultCode.ToReason((ushort)code), fault?.Reason);
        Assert.Equal(IntelVtdRegisters.FaultPending, machine.Register(IntelVtdRegisters.FaultStatus));
    }

    [Theory]
    [InlineData((VtdMachine.SecondTop + 0x1000) | 0x82)]
    [InlineData(VtdMachine.OutsideRam | 2)]
    public void A_missing_permission_comes_before_reserved_bits_and_before_the_next_table(ulong top)
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Write(VtdMachine.SecondTop, top);
        machine.IsRefused(0x06, DmaAccess.Read);
    }

    [Theory]
    [InlineData(DmaAccess.Read, 0x06)]
    [InlineData(DmaAccess.Write, 0x05)]
    public void An_empty_leaf_reads_as_a_missing_permission_in_legacy_mode(DmaAccess access, ushort code)
    {
        using var machine = new VtdMachine(scalable: false);
        machine.IsRefused(code, access, VtdMachine.Iova + 0x1000);
    }

    [Theory]
    [InlineData(false, VtdTranslationType.SecondLevel, 1UL << 48, 0x04)]
    [InlineData(false, VtdTranslationType.PassThrough, 1UL << 48, 0x04)]
    public void An_address_beyond_the_width_is_refused(bool scalable, VtdTranslationType type, ulong iova, ushort code)
    {
        using var machine = new VtdMachine(scalable);
        machine.SetContext(type);
        machine.IsRefused(code, DmaAccess.Read, iova);
    }

    [Theory]
    [InlineData(VtdPasidTranslation.SecondLevel, 1UL << 48, 2, 0x83)]
    [InlineData(VtdPasidTranslation.SecondLevel, 1UL << 40, 1, 0x84)]
    [InlineData(VtdPasidTranslation.FirstLevel, 1UL << 47, 2, 0x80)]
    public void An_address_beyond_the_width_is_refused_in_scalable_mode(VtdPasidTranslation type, ulong iova, int width, ushort code)
    {
        using var machine = new VtdMachine(scalable: true);
        machine.SetPasid(type, VtdMachine.FirstTop, width);
        machine.IsRefused(code, DmaAccess.Read, iova);
    }

    [Theory]
    [InlineData(false, DmaAttributes.TranslationRequest, 0u, 0x0d)]
    [InlineData(false, DmaAttributes.Pasid, 1u, 0x31)]
    [InlineData(true, DmaAttributes.TranslationRequest, 0u, 0x44)]
    [InlineData(true, DmaAttributes.Pasid, 1u << 15, 0x46)]
    [InlineData(true, DmaAttributes.Pasid, 1u, 0x59)]
    public void Requests_of_a_kind_that_is_not_enabled_are_refused(bool scalable, DmaAttributes attributes, uint pasid, ushort code)
    {
        using var machine = new VtdMachine(scalable);

        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Read, attributes: attributes, pasid: pasid).Status);

        Assert.Equal(code, machine.TakeFault()?.Code);
    }

    [Fact]
    public void A_pasid_is_refused_where_the_context_entry_does_not_enable_them()
    {
        using var machine = new VtdMachine(scalable: true);
        machine.Write(VtdMachine.Context, VtdMachine.Directory | (2 << 9) | 1);
        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Read, attributes: DmaAttributes.Pasid, pasid: 0).Status);
        Assert.Equal(0x45, (int)machine.TakeFault()!.Value.Code);
    }

    [Fact]
    public void A_device_tlb_bit_is_refused_where_the_unit_has_none()
    {
        using var machine = new VtdMachine(scalable: true, options => options with { ExtendedCapability = new(options.ExtendedCapability.Raw & ~4UL) });
        machine.Write(VtdMachine.Context, VtdMachine.Directory | (2 << 9) | 5);
        machine.IsRefused(0x43);
    }

    [Fact]
    public void A_privileged_request_needs_supervisor_enable()
    {
        using var machine = new VtdMachine(scalable: true);
        machine.SetPasid(VtdPasidTranslation.FirstLevel);
        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Read, attributes: DmaAttributes.Privileged).Status);
        Assert.Equal(0x5d, (int)machine.TakeFault()!.Value.Code);
    }

    [Fact]
    public void Execute_disable_bits_are_reserved_until_enabled_and_then_refuse_instruction_fetches()
    {
        using var machine = new VtdMachine(scalable: true);
        FirstLevel(machine, VtdMachine.FirstLeaf, VtdMachine.Page | 0x67 | (1UL << 63));
        machine.IsRefused(0x72, DmaAccess.Read);
        machine.SetPasid(VtdPasidTranslation.FirstLevel, VtdMachine.FirstTop | VtdPasidEntry.NoExecuteEnable);
        machine.StartQueue();
        machine.Submit(VtdDescriptor.PasidCacheGlobal());
        machine.Lands(VtdMachine.Page, DmaAccess.Read);
        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Read, attributes: DmaAttributes.Instruction).Status);
        Assert.Equal(0x82, (int)machine.TakeFault()!.Value.Code);
    }

    [Fact]
    public void Fault_processing_disable_keeps_a_refusal_silent()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Write(VtdMachine.Context, 2);
        Assert.Equal(DmaStatus.Aborted, machine.Dma(DmaAccess.Write).Status);
        Assert.Equal(0UL, machine.Register(IntelVtdRegisters.FaultStatus));
        Assert.Equal(0, machine.Silicon.Faults.Total);
    }

    [Fact]
    public void A_full_set_of_records_loses_the_next_fault_and_says_so()
    {
        using var machine = new VtdMachine(scalable: false);
        machine.Write(VtdMachine.Context, 0);
        for (var i = 0UL; i < 8; i++)
            machine.Dma(DmaAccess.Read, i << 12);
        Assert.Equal(IntelVtdRegisters.FaultPending, machine.Register(IntelVtdRegisters.FaultStatus));

        machine.Dma(DmaAccess.Read, 0x9000);

        Assert.Equal(IntelVtdRegisters.FaultPending | IntelVtdRegisters.FaultOverflow, machine.Register(IntelVtdRegisters.FaultStatus));
        Assert.Equal(1, machine.Silicon.FaultsLost);

        // The oldest is acknowledged: the index moves on, but nothing is recorded until the overflow is acknowledged as well.
        machine.Silicon.Registers.Write(0x22c, 4, 0x8000_0000);
        Assert.Equal(1, IntelVtdRegisters.FaultRecordIndex((uint)machine.Register(IntelVtdRegisters.FaultStatus)));
        machine.Dma(DmaAccess.Read, 0xa000);
        Assert.Equal(2, machine.Silicon.FaultsLost);
        machine.Silicon.Registers.Write(IntelVtdRegisters.FaultStatus, 4, IntelVtdRegisters.FaultOverflow);
        machine.Dma(DmaAccess.Read, 0xb000);
        Assert.Equal(0xb000UL, machine.Register(0x220, 8));
    }

    private static void FirstLevel(VtdMachine machine, ulong slot, ulong value)
    {
        machine.SetPasid(VtdPasidTranslation.FirstLevel);
        machine.Write(slot, value);
    }
}
