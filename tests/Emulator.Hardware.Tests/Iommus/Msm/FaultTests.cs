using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Msm;

public sealed class FaultTests
{
    private const ulong Elsewhere = 0x7000_0000;

    // The cause; FSR without SS; FSYNR1 (APRIV 5, AINST 7, AWRITE 8).
    public static TheoryData<string, uint, uint, FaultReason> Causes => new()
    {
        { "no first-level word", 0x0000_0002, 0, FaultReason.NotPresent },
        { "no second-level word", 0x0001_0002, 0, FaultReason.NotPresent },
        { "a write without a leaf", 0x0001_0002, 0x100, FaultReason.NotPresent },
        { "an address of more than 32 bits", 0x0000_0002, 0, FaultReason.AddressSize },
        { "a clear access flag", 0x0001_0004, 0, FaultReason.AccessFlag },
        { "a section's clear access flag", 0x0000_0004, 0, FaultReason.AccessFlag },
        { "a write to a read-only page", 0x0001_0008, 0x100, FaultReason.PermissionDenied },
        { "a write to a read-only section", 0x0000_0008, 0x100, FaultReason.PermissionDenied },
        { "an unprivileged access to a privileged page", 0x0001_0008, 0, FaultReason.PermissionDenied },
        { "a fetch from a page without fetches", 0x0001_0008, 0x80, FaultReason.PermissionDenied },
        { "a first table that is not there", 0x0000_0020, 0, FaultReason.TableReadAbort },
        { "a second table that is not there", 0x0001_0020, 0, FaultReason.TableReadAbort },
        { "a miss that may not walk", 0x0000_0010, 0, FaultReason.ConfigurationInvalid },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void Each_cause_stalls_with_its_record(string cause, uint status, uint syndrome, FaultReason reason)
    {
        using var rig = new MsmRig(options: new MsmOptions { MissesObeyConfiguration = true });
        var domain = rig.Attached(protection: cause switch
        {
            "a write to a read-only page" => Protection.Read,
            "an unprivileged access to a privileged page" => MsmRig.ReadWrite | Protection.Privileged,
            "a fetch from a page without fetches" => MsmRig.ReadWrite | Protection.NoExecute,
            _ => MsmRig.ReadWrite,
        });
        var iova = Provoke(rig, domain, cause);
        var access = cause.StartsWith("a write", StringComparison.Ordinal) ? DmaAccess.Write : DmaAccess.Read;

        var completion = rig.Send(iova, access, mid: 5, attributes: cause.StartsWith("a fetch", StringComparison.Ordinal) ? DmaAttributes.Instruction : DmaAttributes.None);

        Assert.Equal(DmaStatus.Stalled, completion.Status);
        Assert.Equal(MsmRegisters.Stalled | status, rig.Read(MsmRegisters.FaultStatus));
        Assert.Equal((uint)iova, rig.Read(MsmRegisters.FaultAddress));
        Assert.Equal(5UL, rig.Read(MsmRegisters.FaultSyndrome0));
        Assert.Equal(syndrome, rig.Read(MsmRegisters.FaultSyndrome1));
        Assert.Equal(new FaultRecord(new StreamId(5), new Iova(iova), access, reason, (ushort)(status & 0xff)), rig.TakeFault());
        Assert.True(rig.Silicon.InterruptAsserted);
    }

    [Fact]
    public void A_cached_page_refuses_what_its_leaf_refuses()
    {
        using var rig = new MsmRig();
        rig.Attached(protection: Protection.Read);
        Assert.Equal(MsmRig.PageA, rig.Dma());
        var misses = rig.Silicon.Iotlb.Misses;

        Assert.Null(rig.Dma(access: DmaAccess.Write));

        Assert.Equal(misses, rig.Silicon.Iotlb.Misses);
        Assert.Equal(0x4001_0008UL, rig.Read(MsmRegisters.FaultStatus));
    }

    [Fact]
    public void A_privileged_page_is_for_privileged_DMA()
    {
        using var rig = new MsmRig();
        rig.Attached(protection: MsmRig.ReadWrite | Protection.Privileged);

        Assert.Equal(MsmRig.PageA, rig.Dma(attributes: DmaAttributes.Privileged));
    }

    [Fact]
    public void A_second_fault_sets_MULTI_and_leaves_the_record()
    {
        using var rig = new MsmRig();
        rig.Attached();
        rig.Write(MsmRegisters.AuxiliaryControl, 0x33002);
        Assert.Equal(DmaStatus.Aborted, rig.Send(Elsewhere).Status);

        Assert.Equal(DmaStatus.Aborted, rig.Send(Elsewhere + 0x1000, DmaAccess.Write).Status);

        Assert.Equal(0x8000_0002UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.Equal(Elsewhere, rig.Read(MsmRegisters.FaultAddress));
        Assert.Equal(1, rig.Silicon.UnrecordedFaults);
        Assert.Equal(1, rig.Silicon.Faults.Total);
    }

    [Fact]
    public void The_handler_s_word_leaves_a_table_fault_and_the_next_fault_is_only_counted()
    {
        using var rig = new MsmRig();
        rig.Attached();
        rig.Write(MsmRegisters.TableBase0, 0xf000_0000);
        rig.Write(MsmRegisters.TlbiAll, 0);
        rig.Dma();

        rig.Run(rig.Driver.HandleInterrupt());

        Assert.Equal((ulong)MsmFault.TableDecode, rig.Read(MsmRegisters.FaultStatus));
        Assert.True(rig.Silicon.InterruptAsserted);
    }

    [Theory]
    [InlineData(1u, DmaStatus.Aborted)]
    [InlineData(0u, DmaStatus.Completed)]
    public void RESUME_terminates_what_is_stalled_or_tries_it_again(uint resume, DmaStatus status)
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        Assert.Equal(DmaStatus.Stalled, rig.Send(Elsewhere).Status);
        Assert.Equal(DmaStatus.Stalled, rig.Send(mid: 5).Status);
        rig.Map(domain, Elsewhere, MsmRig.PageB);

        rig.Write(MsmRegisters.Resume, resume);

        var resumed = rig.TakeResumed();
        Assert.Equal([status, DmaStatus.Completed], resumed.Select(dma => dma.Completion.Status));
        Assert.Equal(MsmRig.PageA, resumed[1].Completion.Address.Value);
        Assert.Equal(MsmRig.PageA, rig.Dma());
    }

    [Fact]
    public void Beyond_the_room_for_stalled_transactions_and_with_STALLD_a_fault_terminates()
    {
        using var rig = new MsmRig(options: new MsmOptions { StallCapacity = 1 });
        rig.Attached();
        rig.Silicon.Registers.Write(MsmRegisters.GlobalControl, 4, 1u << MsmRegisters.StallDisabled);
        Assert.Equal(DmaStatus.Aborted, rig.Send(Elsewhere).Status);
        rig.Silicon.Registers.Write(MsmRegisters.GlobalControl, 4, 0);
        Assert.Equal(DmaStatus.Stalled, rig.Send(Elsewhere).Status);

        Assert.Equal(DmaStatus.Aborted, rig.Send().Status);
    }

    [Fact]
    public void A_MID_without_a_bank_is_a_global_error()
    {
        using var rig = new MsmRig();
        rig.Attached();

        Assert.Equal(DmaStatus.Aborted, rig.Send(0x1234_5678, DmaAccess.Write, mid: 40).Status);

        Assert.Equal(1UL, rig.Silicon.Registers.Read(MsmRegisters.ErrorStatus, 4));
        Assert.Equal(0x1234_5678UL, rig.Silicon.Registers.Read(MsmRegisters.ErrorAddress, 4));
        Assert.Equal(40UL, rig.Silicon.Registers.Read(MsmRegisters.ErrorSyndrome0, 4));
        Assert.Equal(0x100UL, rig.Silicon.Registers.Read(MsmRegisters.ErrorSyndrome1, 4));
        Assert.Equal(new FaultRecord(new StreamId(40), new Iova(0x1234_5678), DmaAccess.Write, FaultReason.StreamUnknown, (ushort)MsmFault.Configuration), rig.TakeFault());

        rig.Silicon.Registers.Write(MsmRegisters.MasterToBank + 12, 4, 0x300);
        Assert.Equal(DmaStatus.Aborted, rig.Send().Status);
        Assert.Equal(0x8000_0001UL, rig.Silicon.Registers.Read(MsmRegisters.ErrorStatus, 4));
        Assert.Equal(1, rig.Silicon.UnrecordedFaults);
    }

    [Fact]
    public void The_interrupt_follows_CFEIE_and_IRPTNDX()
    {
        using var rig = new MsmRig();
        rig.Attached();
        rig.Dma(Elsewhere);
        Assert.True(rig.Silicon.InterruptAsserted);

        rig.Silicon.Registers.Write(MsmRegisters.BankAttributes, 4, 1u << 24);
        Assert.False(rig.Silicon.InterruptAsserted);
        rig.Silicon.Registers.Write(MsmRegisters.BankAttributes, 4, 0);
        rig.Write(MsmRegisters.AuxiliaryControl, 0x37070);
        Assert.False(rig.Silicon.InterruptAsserted);
    }

    [Theory]
    [InlineData(0UL, 0x6000_0000UL)]
    [InlineData(4UL, 0x0001_0009UL)]
    [InlineData(8UL, 0x0001_0009UL)]
    [InlineData(12UL, 0x0001_0009UL)]
    public void Each_translation_request_asks_for_its_kind_of_access(ulong kind, ulong answer)
    {
        using var rig = new MsmRig();
        rig.Attached(protection: Protection.Read | Protection.Privileged);

        rig.Write(MsmRegisters.Translate + kind, (uint)MsmRig.MappedIova);

        Assert.Equal(answer, rig.Read(MsmRegisters.PhysicalAddress));
        Assert.Equal(0, rig.Silicon.Faults.Total);
    }

    [Fact]
    public void A_translation_request_answers_from_the_TLB_and_fills_nothing()
    {
        using var rig = new MsmRig(options: new MsmOptions { MissesObeyConfiguration = true });
        rig.Attached();
        rig.Write(MsmRegisters.AuxiliaryControl, 0x17072);
        rig.Write(MsmRegisters.Translate, (uint)MsmRig.MappedIova);
        Assert.Equal(MsmRegisters.TranslationFailed | (ulong)MsmFault.TlbMiss, rig.Read(MsmRegisters.PhysicalAddress));
        Assert.Equal(0, rig.Silicon.Iotlb.Count);

        rig.Dma();
        rig.Write(MsmRegisters.Translate, (uint)MsmRig.MappedIova);
        Assert.Equal(MsmRig.PageA, rig.Read(MsmRegisters.PhysicalAddress));

        rig.Write(MsmRegisters.Control, 6);
        rig.Write(MsmRegisters.Translate, 0x1234_5000);
        Assert.Equal(0x1234_5000UL, rig.Read(MsmRegisters.PhysicalAddress));
    }

    private static ulong Provoke(MsmRig rig, MsmDomain domain, string cause)
    {
        var second = rig.Memory.Read32(domain.Tables!.Root + (4 * (MsmRig.MappedIova >> 20))) & 0xffff_fc00;
        switch (cause)
        {
            case "no first-level word":
                return Elsewhere;
            case "no second-level word" or "a write without a leaf":
                return MsmRig.MappedIova + 0x1000;
            case "an address of more than 32 bits":
                return 0x1_0000_0000 + MsmRig.MappedIova;
            case "a clear access flag":
                rig.Memory.Write32(second + 4, rig.Memory.Read32(second + 4) & ~0x10u);
                break;
            case "a section's clear access flag":
                rig.Map(domain, Elsewhere, MsmRig.PageB, 0x10_0000);
                rig.Memory.Write32(domain.Tables.Root + (4 * (Elsewhere >> 20)), (uint)MsmRig.PageB | 0x3_1802);
                return Elsewhere;
            case "a write to a read-only section":
                rig.Map(domain, Elsewhere, MsmRig.PageB, 0x10_0000, Protection.Read);
                return Elsewhere;
            case "a first table that is not there":
                rig.Write(MsmRegisters.TableBase0, 0xf000_0000);
                break;
            case "a second table that is not there":
                rig.Memory.Write32(domain.Tables.Root + (4 * (MsmRig.MappedIova >> 20)), 0xf000_0001);
                break;
            case "a miss that may not walk":
                rig.Write(MsmRegisters.AuxiliaryControl, 0x34072);
                break;
        }

        return MsmRig.MappedIova;
    }
}
