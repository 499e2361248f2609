using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmu;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>What a bank's registers come to: sizes, granules, formats, the TLB's tags, the translation registers.</summary>
public sealed class ContextBankTests
{
    [Fact]
    public void The_top_of_48_bits_is_walked_from_TTBR0()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.Memory.Write64(SmmuBench.Root + (511 * 8), 0x8000_5003);
        smmu.Memory.Write64(0x8000_5000 + (511 * 8), 0x8000_6003);
        smmu.Memory.Write64(0x8000_6000 + (511 * 8), 0x8_C040_0E41);
        Assert.Equal(0x8_C040_1234ul, smmu.Lands(0xFFFF_FFE0_1234));
        Assert.Null(smmu.Lands(0xFFFF_FFFF_FFE0_1234));
        Assert.Null(smmu.Lands(1UL << 48));
        Assert.Equal(0x8000_0002u, smmu.ReadBank(R.FaultStatus));
    }

    [Fact]
    public void A_39_bit_table_is_walked_from_level_1()
    {
        using var smmu = new SmmuBench();
        smmu.Memory.Write64(0x9000_0000, 0x9000_1003);
        smmu.Memory.Write64(0x9000_1488, 0x9000_2003);
        smmu.Memory.Write64(0x9000_2A28, 0x8_A765_4F47);
        smmu.Memory.Write64(0x9000_0008, 0x8_C000_0F45);
        smmu.TurnOn(root: 0x9000_0000);
        smmu.WriteBank(R.TranslationControl, 0x80_3519);
        smmu.Route(SmmuBench.Bank);
        Assert.Equal(0x8_A765_4678ul, smmu.Lands(0x1234_5678));
        Assert.Equal(0x8_C123_4567ul, smmu.Lands(0x4123_4567));
        Assert.Null(smmu.Lands(1UL << 39));
    }

    [Fact]
    public void EPD0_a_reserved_granule_and_a_size_out_of_range_translate_nothing()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        foreach (var control in new[] { 0x80_3590u, 0x80_f510u, 0x80_3530u })
        {
            smmu.WriteBank(R.FaultStatus, R.AnyFault);
            smmu.WriteBank(R.TranslationControl, control);
            Assert.Null(smmu.Lands(SmmuBench.Page));
            Assert.Equal(0x2u, smmu.ReadBank(R.FaultStatus));
        }

        smmu.WriteBank(R.TranslationControl, 0x80_3510);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
    }

    [Fact]
    public void A_granule_that_is_not_implemented_translates_nothing()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id1 = 0x2003_0008, Id2 = 0x4555 });
        smmu.SetUp();
        Assert.Null(smmu.Lands(SmmuBench.Page));
    }

    [Fact]
    public void Stage_2_of_40_bits_starts_in_two_concatenated_tables()
    {
        using var smmu = new SmmuBench();
        smmu.Memory.Write64(0x9000_0010, 0x9000_2003);
        smmu.Memory.Write64(0x9000_2000, 0x9000_3003);
        smmu.Memory.Write64(0x9000_3000, 0x8_8000_07FF);
        smmu.Memory.Write64(0x9000_1008, 0x9000_4003);
        smmu.Memory.Write64(0x9000_4000, 0x8_C020_0655);
        smmu.Write(smmu.Layout.Page1 + R.BankAttributes2, 1);
        smmu.Write(smmu.Layout.Page1 + R.BankAttributes, 1);
        smmu.WriteBank(R.TranslationControl, 0x8002_3558, bank: 0);
        smmu.WriteBank(R.TableBase0, 0x9000_0000, 8, bank: 0);
        smmu.WriteBank(R.BankControl, 0x67, bank: 0);
        smmu.Route(0);
        Assert.Equal(0x8_8000_0040ul, smmu.Lands(0x8000_0040));
        Assert.Equal(0x8_C020_0040ul, smmu.Lands(0x80_4000_0040, DmaAccess.Read));
        Assert.Null(smmu.Lands(0x80_4000_0040));
        Assert.Equal(0x8u, smmu.ReadBank(R.FaultStatus, bank: 0));
        smmu.WriteBank(R.FaultStatus, R.AnyFault, bank: 0);
        Assert.Null(smmu.Lands(1UL << 40));
        Assert.Equal(0x2u, smmu.ReadBank(R.FaultStatus, bank: 0));
    }

    [Fact]
    public void A_bank_for_stage_2_only_ignores_the_type_stage_1()
    {
        using var smmu = new SmmuBench();
        smmu.MapPage();
        smmu.TurnOn(bank: 2);
        smmu.Route(2);

        // TCR read as VTCR: SL0 is level 2, too far down for 48 bits.
        Assert.Null(smmu.Lands(SmmuBench.Page));
        Assert.Equal(0x2u, smmu.ReadBank(R.FaultStatus, bank: 2));
    }

    [Fact]
    public void Version_1_walks_AArch32_tables_of_32_bits()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Version = 1, Id1 = 0x2000_0008, Id2 = 0x22 });
        smmu.Memory.Write64(0x9000_0000 + (2 * 8), 0x9000_1003);
        smmu.Memory.Write64(0x9000_1000 + (0xb2 * 8), 0x9000_2003);
        smmu.Memory.Write64(0x9000_2000 + (0xc8 * 8), 0x9b_1ad0_cf47);
        smmu.Write(smmu.Layout.Page1 + R.BankAttributes, 0x0101_f300);
        smmu.WriteBank(R.TranslationControl, 0x8080_2020, bank: 0);
        smmu.WriteBank(R.TableBase0, 0x9000_0000, 8, bank: 0);
        smmu.WriteBank(R.BankControl, SmmuBench.Stage1On, bank: 0);
        smmu.Route(0);
        Assert.Equal(0x9b_1ad0_c040ul, smmu.Lands(0x964c_8040));
        Assert.Null(smmu.Lands(0x1_964c_8040));
    }

    [Fact]
    public void TTBR0_written_before_TCR2_loses_the_upper_half_of_the_ASID()
    {
        using var smmu = new SmmuBench();
        smmu.WriteBank(R.TableBase0, 0x0103_0000_8000_0000, 8);
        Assert.Equal(0x0003_0000_8000_0000u, smmu.ReadBank(R.TableBase0, 8));
        smmu.WriteBank(R.TranslationControl2, 0x38015);
        smmu.WriteBank(R.TableBase0, 0x0103_0000_8000_0000, 8);
        Assert.Equal(0x0103_0000_8000_0000u, smmu.ReadBank(R.TableBase0, 8));
    }

    [Theory]
    [InlineData(R.TlbiAddressLast, 0x0003_0000_0001_0000ul, 8, true)]
    [InlineData(R.TlbiAddress, 0x0003_0000_0001_0000ul, 8, true)]
    [InlineData(R.TlbiAddressLast, 0x0004_0000_0001_0000ul, 8, false)]
    [InlineData(R.TlbiAddressLast, 0x0003_0000_0001_0001ul, 8, false)]
    [InlineData(R.TlbiAsid, 3ul, 4, true)]
    [InlineData(R.TlbiAsid, 4ul, 4, false)]
    [InlineData(R.TlbiIntermediate, 0x1_0000ul, 8, false)]
    public void A_cached_page_goes_only_by_its_address_and_ASID(ulong register, ulong operand, int width, bool goes)
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.Memory.Write64(SmmuBench.LastTable, 0);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.WriteBank(register, operand, width);
        Assert.Equal(goes ? null : SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
    }

    [Fact]
    public void All_pages_go_by_VMID_or_all_at_once_but_not_with_the_hypervisors()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.Memory.Write64(SmmuBench.LastTable, 0x89AB_DF47);
        smmu.Write(R.TlbiAllHypervisor, 0xffff_ffff);
        smmu.Write(R.TlbiVmid, 1);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.Write(R.TlbiVmid, 0);
        Assert.Equal(0x89AB_D000ul, smmu.Lands(SmmuBench.Page));
        smmu.Memory.Write64(SmmuBench.LastTable, 0x89AB_EF47);
        smmu.Write(R.TlbiAllNonHypervisor, 0xffff_ffff);
        Assert.Equal(0x89AB_E000ul, smmu.Lands(SmmuBench.Page));
    }

    [Fact]
    public void Sixteen_bit_VMIDs_come_from_CBA2R_once_they_are_enabled()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id1 = 0x2003_0008, Id2 = 0xf555 });
        smmu.SetUp();
        smmu.Write(smmu.Layout.Page1 + R.BankAttributes2 + (4 * SmmuBench.Bank), 0x0103_0001);
        smmu.Write(R.Control, SmmuBench.On | 1u << 31);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.Memory.Write64(SmmuBench.LastTable, 0);
        smmu.Write(R.TlbiVmid, 3);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
        smmu.Write(R.TlbiVmid, 0x103);
        Assert.Null(smmu.Lands(SmmuBench.Page));
    }

    [Fact]
    public void An_address_is_translated_by_register_without_touching_the_TLB_or_the_fault_registers()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp();
        smmu.WriteBank(R.TranslateAddress, SmmuBench.Page, 8);
        Assert.Equal(0u, smmu.ReadBank(R.TranslateStatus));
        Assert.Equal(SmmuBench.Frame, smmu.ReadBank(R.PhysicalAddress, 8));
        smmu.WriteBank(R.TranslateAddress, SmmuBench.Page + 0x1000, 8);
        Assert.Equal(0x3u, smmu.ReadBank(R.PhysicalAddress, 8));
        Assert.Equal((0ul, 0), (smmu.ReadBank(R.FaultStatus), smmu.Silicon.Iotlb.Count));
    }
}
