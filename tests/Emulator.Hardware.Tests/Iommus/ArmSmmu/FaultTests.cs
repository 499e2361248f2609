using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmu;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>Every cause of a refusal, with what the registers then hold.</summary>
public sealed class FaultTests
{
    private const ulong Unmapped = SmmuBench.Page + 0x2000;

    [Fact]
    public void A_missing_entry_is_a_translation_fault_with_address_direction_level_and_stream()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        Assert.Null(smmu.Lands(Unmapped));
        Assert.Equal(0x2u, smmu.ReadBank(R.FaultStatus));
        Assert.Equal(Unmapped, smmu.ReadBank(R.FaultAddress, 8));
        Assert.Equal(0x13u, smmu.ReadBank(R.FaultSyndrome0));
        Assert.Equal(SmmuBench.Sid, smmu.Read(smmu.Layout.Page1 + R.BankFaultStream + (4 * SmmuBench.Bank)));
        Assert.Equal(new FaultRecord(new StreamId(SmmuBench.Sid), new Iova(Unmapped), DmaAccess.Write, FaultReason.NotPresent, 0x2), smmu.TakeFault());
        Assert.True(smmu.Silicon.InterruptAsserted);
    }

    [Fact]
    public void The_level_is_that_of_the_last_entry_read()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        Assert.Null(smmu.Lands(0x4000_0000, DmaAccess.Read));
        Assert.Equal(1u, smmu.ReadBank(R.FaultSyndrome0));
    }

    [Theory]
    [InlineData(0x89AB_CFC7, DmaAccess.Write, 0x8, FaultReason.PermissionDenied)]
    [InlineData(0x89AB_CB47, DmaAccess.Read, 0x4, FaultReason.AccessFlag)]
    [InlineData(0x100_0000_0F47, DmaAccess.Read, 0x80, FaultReason.AddressSize)]
    [InlineData(0x89AB_CF45, DmaAccess.Read, 0x2, FaultReason.NotPresent)]
    public void Leaves_that_refuse_have_each_their_bit(ulong leaf, DmaAccess access, uint status, FaultReason reason)
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id1 = 0x2003_0008, Id2 = 0x7525 });
        smmu.SetUp(leaf);
        Assert.Null(smmu.Lands(SmmuBench.Page, access));
        Assert.Equal(status, smmu.ReadBank(R.FaultStatus));
        var fault = smmu.TakeFault()!.Value;
        Assert.Equal((reason, (ushort)status), (fault.Reason, fault.Code));
    }

    [Fact]
    public void A_table_outside_of_memory_is_an_external_fault_of_the_walk()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.Memory.Write64(0x8000_2400, 0x2_0000_0003);
        Assert.Null(smmu.Lands(SmmuBench.Page, DmaAccess.Read));
        Assert.Equal(0x10u, smmu.ReadBank(R.FaultStatus));
        Assert.Equal(0x403u, smmu.ReadBank(R.FaultSyndrome0));
        Assert.Equal(FaultReason.TableReadAbort, smmu.TakeFault()!.Value.Reason);
    }

    [Fact]
    public void A_privileged_page_refuses_an_unprivileged_request_unless_the_stream_entry_makes_it_privileged()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(SmmuBench.Frame | 0xf07);
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x8u, smmu.ReadBank(R.FaultStatus));
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page, attributes: DmaAttributes.Privileged));
        smmu.Route(3u << 24 | SmmuBench.Bank);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.Route(2u << 24 | SmmuBench.Bank);
        Assert.Null(smmu.Lands(SmmuBench.Page, attributes: DmaAttributes.Privileged));
    }

    [Fact]
    public void A_fetch_from_a_page_without_execution_is_refused_and_marked_as_a_fetch()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(SmmuBench.Frame | 0xf47 | 3UL << 53);
        Assert.Null(smmu.Lands(SmmuBench.Page, DmaAccess.Read, attributes: DmaAttributes.Instruction | DmaAttributes.Privileged));
        Assert.Equal(0x8u, smmu.ReadBank(R.FaultStatus));
        Assert.Equal(0x63u, smmu.ReadBank(R.FaultSyndrome0));
    }

    [Fact]
    public void A_page_in_the_TLB_refuses_what_it_does_not_permit_with_its_level()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(SmmuBench.Frame | 0xfc7);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page, DmaAccess.Read));
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x13u, smmu.ReadBank(R.FaultSyndrome0));
    }

    [Theory]
    [InlineData(0x20000u, 0x1u, ArmSmmuFault.InvalidContext, FaultReason.StreamBlocked)]
    [InlineData(0x30000u, 0x1u, ArmSmmuFault.InvalidContext, FaultReason.StreamBlocked)]
    [InlineData(8u, 0x8u, ArmSmmuFault.UnimplementedBank, FaultReason.ConfigurationInvalid)]
    public void Stream_entries_that_refuse_are_global_faults(uint context, uint status, ArmSmmuFault code, FaultReason reason)
    {
        using var smmu = new SmmuBench();
        smmu.Route(context);
        Assert.Null(smmu.Lands(0x1234_5678));
        Assert.Equal(status, smmu.Read(R.GlobalFaultStatus));
        Assert.Equal(0x1234_5678u, smmu.Read(R.GlobalFaultAddress, 8));
        Assert.Equal(0x2u, smmu.Read(R.GlobalFaultSyndrome0));
        Assert.Equal(SmmuBench.Sid, smmu.Read(R.GlobalFaultSyndrome1));
        Assert.Equal(new FaultRecord(new StreamId(SmmuBench.Sid), new Iova(0x1234_5678), DmaAccess.Write, reason, (ushort)code), smmu.TakeFault());
        Assert.True(smmu.Silicon.InterruptAsserted);
    }

    [Fact]
    public void An_unmatched_stream_is_refused_or_passes_as_USFCFG_says()
    {
        using var smmu = new SmmuBench();
        Assert.Null(smmu.Lands(0x5000, DmaAccess.Read));
        Assert.Equal(0x2u, smmu.Read(R.GlobalFaultStatus));
        Assert.Equal(0u, smmu.Read(R.GlobalFaultSyndrome0));
        Assert.Equal(SmmuBench.Sid, smmu.Read(R.GlobalFaultSyndrome1));
        Assert.Equal((ushort)ArmSmmuFault.UnidentifiedStream, smmu.TakeFault()!.Value.Code);
        smmu.Write(R.Control, 0x1836);
        Assert.Equal(0x5000ul, smmu.Lands(0x5000));
    }

    [Fact]
    public void Two_entries_that_match_are_a_fault_even_with_the_same_bank()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.Route(SmmuBench.Bank, sid: 0x40, entry: 1, mask: 7);
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x4u, smmu.Read(R.GlobalFaultStatus));
        Assert.Equal((ushort)ArmSmmuFault.StreamMatchConflict, smmu.TakeFault()!.Value.Code);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page, sid: 0x43));
    }

    [Theory]
    [InlineData(DmaAttributes.TranslationRequest)]
    [InlineData(DmaAttributes.Translated)]
    public void ATS_requests_are_unsupported_transactions(DmaAttributes attributes)
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        Assert.Null(smmu.Lands(SmmuBench.Page, DmaAccess.Read, attributes: attributes));
        Assert.Equal(0x100u, smmu.Read(R.GlobalFaultStatus));
        Assert.Equal(0x40u, smmu.Read(R.GlobalFaultSyndrome0));
        Assert.Equal(FaultReason.RequestForbidden, smmu.TakeFault()!.Value.Reason);
    }

    [Theory]
    [InlineData(0x2_0000u)]
    [InlineData(0x3_0000u)]
    public void Banks_of_the_types_that_are_not_modelled_refuse_globally(uint type)
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.Write(smmu.Layout.Page1 + R.BankAttributes + (4 * SmmuBench.Bank), type);
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x1u, smmu.Read(R.GlobalFaultStatus));
    }

    [Fact]
    public void The_first_fault_stays_and_later_ones_set_MULTI_only()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(SmmuBench.Frame | 0xfc7);
        Assert.Null(smmu.Lands(Unmapped));
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x8000_0002u, smmu.ReadBank(R.FaultStatus));
        Assert.Equal(Unmapped, smmu.ReadBank(R.FaultAddress, 8));
        Assert.Equal((1, 1), (smmu.Silicon.Faults.Total, smmu.Silicon.UnrecordedFaults));
        smmu.WriteBank(R.FaultStatus, 0x8000_0002);
        Assert.False(smmu.Silicon.InterruptAsserted);
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal((0x8u, SmmuBench.Page), ((uint)smmu.ReadBank(R.FaultStatus), smmu.ReadBank(R.FaultAddress, 8)));
    }

    [Fact]
    public void Global_faults_likewise()
    {
        using var smmu = new SmmuBench();
        Assert.Null(smmu.Lands(0x1000));
        Assert.Null(smmu.Lands(0x2000, sid: 0x43));
        Assert.Equal(0x8000_0002u, smmu.Read(R.GlobalFaultStatus));
        Assert.Equal((0x1000ul, (ulong)SmmuBench.Sid), (smmu.Read(R.GlobalFaultAddress, 8), smmu.Read(R.GlobalFaultSyndrome1)));
        smmu.Write(R.GlobalFaultStatus, 0x8000_0002);
        Assert.Equal(0u, smmu.Read(R.GlobalFaultStatus));
    }

    [Fact]
    public void Without_the_interrupt_enables_faults_are_recorded_in_silence()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(control: SmmuBench.Stage1On & ~0x40u);
        smmu.Write(R.Control, SmmuBench.On & ~4u);
        Assert.Null(smmu.Lands(Unmapped));
        Assert.Null(smmu.Lands(0x1000, sid: 1));
        Assert.Equal((0x2u, 0x2u), ((uint)smmu.ReadBank(R.FaultStatus), (uint)smmu.Read(R.GlobalFaultStatus)));
        Assert.False(smmu.Silicon.InterruptAsserted);
    }

    [Fact]
    public void Faults_of_two_banks_are_recorded_each_for_itself()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.TurnOn(bank: 4);
        smmu.Route(4, sid: 0x50, entry: 1);
        Assert.Null(smmu.Lands(Unmapped));
        Assert.Null(smmu.Lands(Unmapped + 0x1000, DmaAccess.Read, sid: 0x50));
        Assert.Equal(0x2u, smmu.ReadBank(R.FaultStatus, bank: 4));
        Assert.Equal(Unmapped + 0x1000, smmu.ReadBank(R.FaultAddress, 8, bank: 4));
        smmu.WriteBank(R.FaultStatus, R.AnyFault);
        Assert.True(smmu.Silicon.InterruptAsserted);
    }
}
