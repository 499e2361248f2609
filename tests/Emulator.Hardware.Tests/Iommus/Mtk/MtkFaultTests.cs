using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Mtk;

public sealed class MtkFaultTests
{
    private const ulong SecondAddress = MtkRegisters.FaultAddress + 8;
    private const ulong SecondPhysical = MtkRegisters.InvalidPhysical + 8;
    private const ulong SecondId = MtkRegisters.InterruptId + 4;

    [Theory]
    [InlineData("mt8183", DmaAccess.Read, 0xabcde000)]
    [InlineData("mt8183", DmaAccess.Write, 0xabcde002)]
    [InlineData("mt8173", DmaAccess.Write, 0xabcde002)]
    public void A_translation_fault_of_mmu0_is_latched_and_the_access_lands_in_the_protect_buffer(string chip, DmaAccess access, ulong word)
    {
        using var rig = new MtkRig(chip).AttachAndMap();
        var landed = rig.Dma(0xabcd_e123, access);
        Assert.Equal(rig.ProtectBuffer + 0x23, landed);
        Assert.Equal(OwnerTag.ProtectBuffer, rig.Memory.OwnerOf(landed!.Value));
        Assert.Equal(1UL, rig.Read(MtkRegisters.FaultStatus));
        Assert.Equal(word, rig.Read(MtkRegisters.FaultAddress));
        Assert.Equal(0UL, rig.Read(MtkRegisters.InvalidPhysical));
        Assert.Equal(5UL << 2, rig.Read(MtkRegisters.InterruptId));
        Assert.Equal(0UL, rig.Read(SecondAddress));
        var fault = rig.TakeFault();
        Assert.Equal((FaultReason.NotPresent, (ushort)MtkFault.Translation, access), (fault.Reason, fault.Code, fault.Access));
    }

    [Theory]
    [InlineData("mt8183", KernelVersion.Linux61, 0x94)]
    [InlineData("mt8365", KernelVersion.Linux612, 0x114)]
    public void A_larb_with_an_odd_number_faults_in_mmu1_and_the_handler_reads_that_record(string chip, KernelVersion kernel, ulong id)
    {
        using var rig = new MtkRig(chip, kernel).AttachAndMap(MtkRig.DeviceOf(37));
        rig.Dma(0xabcd_e000, DmaAccess.Write, 37);
        Assert.Equal(1UL << 7, rig.Read(MtkRegisters.FaultStatus));
        Assert.Equal(0xabcd_e002UL, rig.Read(SecondAddress));
        Assert.Equal(id, rig.Read(SecondId));
        Assert.Equal(0UL, rig.Read(MtkRegisters.FaultAddress));
        Assert.True(rig.Silicon.InterruptAsserted);
        Assert.Equal(
            [
                "read  m4u.FAULT_ST1 -> 0x80", $"read  m4u.MMU1_INT_ID -> 0x{id:x}", "read  m4u.MMU1_FAULT_VA -> 0xabcde002", "read  m4u.MMU1_INVLD_PA -> 0x0", "read  m4u.INT_CONTROL0 -> 0x6f",
                "write m4u.INT_CONTROL0 = 0x106f", "write m4u.INV_SEL = 0x3", "write m4u.INVALIDATE = 0x2",
            ],
            rig.Trace(rig.Driver.HandleInterrupt()));
        Assert.False(rig.Silicon.InterruptAsserted);
        Assert.Equal(0UL, rig.Read(MtkRegisters.FaultStatus));
        Assert.Equal(0x6fUL, rig.Read(MtkRegisters.InterruptControl));
    }

    [Fact]
    public void On_chips_with_34_bits_the_record_has_the_region_below_the_page()
    {
        using var rig = new MtkRig("mt8192", options: new MtkDriverOptions { RegionOf = _ => 2 }).Attach();
        rig.Dma(0xabcd_e000);
        Assert.Equal(0xabcd_e000UL | (2 << 9), rig.Read(MtkRegisters.FaultAddress));
    }

    [Theory]
    [InlineData(5u, 0, 4UL)]
    [InlineData(37u, 1, 4UL << 7)]
    public void An_output_outside_the_valid_range_is_an_invalid_PA_fault(uint port, int mmu, ulong status)
    {
        using var rig = new MtkRig("mt2712", fourGigabytes: true).Attach(MtkRig.DeviceOf(port));
        Assert.Equal(0x704UL, rig.Read(MtkRegisters.ValidRange));
        Assert.Equal(Errno.None, rig.Table.Map(MtkRig.Iova, MtkRig.Page, 0x1000, 1, MtkRig.ReadWrite, new InvalidationGather()).Errno);
        Assert.Equal(rig.ProtectBuffer + 0x24, rig.Dma(MtkRig.Iova + 0x124, port: port));
        Assert.Equal(status, rig.Read(MtkRegisters.FaultStatus));
        Assert.Equal(MtkRig.Iova, rig.Read(mmu == 0 ? MtkRegisters.FaultAddress : SecondAddress));
        Assert.Equal(MtkRig.Page + 0x124, rig.Read(mmu == 0 ? MtkRegisters.InvalidPhysical : SecondPhysical));
        var fault = rig.TakeFault();
        Assert.Equal((FaultReason.AddressSize, (ushort)MtkFault.InvalidPhysical), (fault.Reason, fault.Code));
    }

    [Fact]
    public void An_invalid_PA_has_its_upper_bits_in_the_address_record()
    {
        using var rig = new MtkRig("mt8183").Attach();
        Assert.Equal(0, rig.Map(MtkRig.Iova, 0x5_c0de_7000, 0x1000));
        rig.Write(MtkRegisters.ValidRange, 0x700);
        rig.Dma();
        Assert.Equal(MtkRig.Iova | (5 << 6), rig.Read(MtkRegisters.FaultAddress));
        Assert.Equal(0xc0de_7000UL, rig.Read(MtkRegisters.InvalidPhysical));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(0xffff_0007u)]
    public void A_table_that_is_not_there_is_a_translation_fault(uint table)
    {
        using var rig = new MtkRig("mt6779").AttachAndMap();
        rig.Write(MtkRegisters.TableBase, table);
        rig.Dma(0x8000_0000);
        Assert.Equal(1UL, rig.Read(MtkRegisters.FaultStatus));
        var fault = rig.TakeFault();
        Assert.Equal((FaultReason.TableReadAbort, (ushort)1), (fault.Reason, fault.Code));
    }

    [Fact]
    public void An_address_beyond_32_bits_is_a_translation_fault_with_three_of_its_upper_bits()
    {
        using var rig = new MtkRig("mt8183").AttachAndMap();
        rig.Dma(0xa9_0000_0000 + MtkRig.Iova);
        Assert.Equal(MtkRig.Iova | (1 << 9), rig.Read(MtkRegisters.FaultAddress));
        Assert.Equal(FaultReason.AddressSize, rig.TakeFault().Reason);
    }

    [Fact]
    public void Each_mmu_keeps_its_first_fault()
    {
        using var rig = new MtkRig("mt8183").AttachAndMap();
        rig.Attach(MtkRig.DeviceOf(37));
        rig.Dma(0x2000_0000);
        rig.Dma(0x3000_0000);
        rig.Dma(0x4000_0000, port: 37);
        Assert.Equal(0x81UL, rig.Read(MtkRegisters.FaultStatus));
        Assert.Equal(0x2000_0000UL, rig.Read(MtkRegisters.FaultAddress));
        Assert.Equal(0x4000_0000UL, rig.Read(SecondAddress));
        Assert.Equal(1, rig.Silicon.UnrecordedFaults);
        Assert.Equal("read  m4u.MMU0_FAULT_VA -> 0x20000000", rig.Trace(rig.Driver.HandleInterrupt())[2]);
    }

    [Theory]
    [InlineData("mt8183", 0x20u, 0u)]
    [InlineData("mt8173", 0x50u, 0x10u)]
    public void Faulting_accesses_are_refused_where_CTRL_does_not_redirect_them(string chip, uint written, uint without)
    {
        using var rig = new MtkRig(chip).AttachAndMap();
        Assert.Equal(written, rig.Read(MtkRegisters.Control));
        rig.Write(MtkRegisters.Control, without);
        Assert.Null(rig.Dma(0x2000_0000));
    }

    [Theory]
    [InlineData("mt8173", false, 1, 0UL)]
    [InlineData("mt8173", true, 1, 1UL << 31)]
    [InlineData("mt8167", false, 1, 0UL)]
    [InlineData("mt2712", true, 0, 0UL)]
    public void The_protect_address_is_halved_on_old_chips_and_the_access_finds_it(string chip, bool fourGigabytes, int shift, ulong mode)
    {
        using var rig = new MtkRig(chip, fourGigabytes: fourGigabytes).Attach();
        var buffer = rig.ProtectBuffer;
        Assert.Equal(OwnerTag.ProtectBuffer, rig.Memory.OwnerOf(buffer));
        Assert.Equal((buffer >> shift) | mode, rig.Read(MtkRegisters.ProtectAddress));
        Assert.Equal(buffer + 0xff, rig.Dma(0x0000_0fff));
    }

    [Fact]
    public void A_fault_is_its_banks_and_everything_is_invalidated_by_bank_0()
    {
        using var rig = new MtkRig("mt8195_infra").AttachAndMap(MtkRig.DeviceOf(20));
        const ulong bank = 4 * MtkRegisters.BankSize;
        rig.Dma(0x2000_0000, DmaAccess.Write, 20);
        Assert.Equal(1UL, rig.Read(bank + MtkRegisters.FaultStatus));
        Assert.Equal(0x2000_0002UL, rig.Read(bank + MtkRegisters.FaultAddress));
        Assert.Equal(20UL << 2, rig.Read(bank + MtkRegisters.InterruptId));
        Assert.Equal(0UL, rig.Read(MtkRegisters.FaultStatus));
        Assert.Equal(0UL, rig.Read(MtkRegisters.TableBase));
        Assert.True(rig.Silicon.InterruptAsserted);
        var steps = rig.Trace(rig.Driver.HandleInterrupt());
        Assert.Equal("read  m4u.BANK4_FAULT_ST1 -> 0x1", steps[0]);
        Assert.Equal(["write m4u.BANK4_INT_CONTROL0 = 0x106f", "write m4u.BANK0_INV_SEL = 0x3", "write m4u.BANK0_INVALIDATE = 0x2"], steps[^3..]);
        Assert.False(rig.Silicon.InterruptAsserted);
    }
}
