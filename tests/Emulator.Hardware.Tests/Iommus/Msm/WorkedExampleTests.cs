using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Tests.Iommus.Msm;

public sealed class WorkedExampleTests
{
    [Theory]
    [InlineData(0x1020_3000UL, 0x8050_4000UL, 0x1000UL, MsmRig.ReadWrite, 0x8050_4c72u, 1)]
    [InlineData(0x1021_0000UL, 0x8060_0000UL, 0x1_0000UL, Protection.Read, 0x8060_1e31u, 16)]
    [InlineData(0x2030_0000UL, 0x9040_0000UL, 0x10_0000UL, MsmRig.ReadWrite | Protection.Cache, 0x9043_1c0eu, 1)]
    [InlineData(0x3100_0000UL, 0xa200_0000UL, 0x100_0000UL, MsmRig.ReadWrite, 0xa207_1c02u, 16)]
    [InlineData(0x1020_5000UL, 0x1234_0000UL, 0x1000UL, MsmRig.ReadWrite | Protection.Mmio, 0x1234_0c36u, 1)]
    [InlineData(0x1020_6000UL, 0x8070_0000UL, 0x1000UL, Protection.Write, 0x8070_0c72u, 1)]
    public void A_mapping_is_this_word_and_DMA_lands_there(ulong iova, ulong physical, ulong size, Protection protection, uint word, int entries)
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();

        rig.Map(domain, iova, physical, size, protection);

        var root = domain.Tables!.Root;
        var at = root + (4 * (iova >> 20));
        if (size < 0x10_0000)
        {
            Assert.Equal(1u, rig.Memory.Read32(at) & 0x3ff);
            at = (rig.Memory.Read32(at) & 0xffff_fc00) + (4 * ((iova >> 12) & 0xff));
        }

        Assert.All(Enumerable.Range(0, entries), i => Assert.Equal(word, rig.Memory.Read32(at + (4 * (ulong)i))));
        var offset = size - 0x44;
        Assert.Equal(physical + offset, rig.Dma(iova + offset));
        Assert.Equal((protection & Protection.Write) != 0 ? physical + offset : null, rig.Dma(iova + offset, DmaAccess.Write, mid: 5));
    }

    [Fact]
    public void An_attach_ends_with_these_values()
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();

        Assert.Equal(domain.Tables!.Root | 2, rig.Read(MsmRegisters.TableBase0));
        Assert.Equal(7UL, rig.Read(MsmRegisters.Control));
        Assert.Equal(0x37072UL, rig.Read(MsmRegisters.AuxiliaryControl));
        Assert.Equal(1UL, rig.Read(MsmRegisters.PrefetchControl));
        Assert.Equal(0x800b_8204UL, rig.Read(MsmRegisters.PrimaryRegionRemap));
        Assert.Equal(0x4000_4000UL, rig.Read(MsmRegisters.NormalMemoryRemap));
        foreach (var mid in (ulong[])[3, 5])
            Assert.Equal(0xc0_0000UL, rig.Silicon.Registers.Read(MsmRegisters.MasterToBank + (4 * mid), 4));
    }

    [Fact]
    public void The_bank_s_number_is_in_the_route_and_is_the_ASID()
    {
        using var rig = new MsmRig();
        rig.Attached();
        var second = rig.Attached(MsmRig.PageB);

        Assert.Equal(0xc0_0100UL, rig.Silicon.Registers.Read(MsmRegisters.MasterToBank + 12, 4));
        Assert.Equal(1UL, rig.Read(MsmRegisters.ContextId, bank: 1));
        Assert.Equal(["TLBIVA[1] = 40001001"], rig.Writes(((IIommuDriver)rig.Driver).Unmap(second, MsmRig.MappedIova, 0x1000)));
    }

    [Fact]
    public void A_map_and_an_unmap_invalidate_each_page_by_address_and_ASID()
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();

        Assert.Equal(["TLBIVA[0] = 10203000", "TLBIVA[0] = 10204000"], rig.Writes(rig.Driver.Map(domain, 0x1020_3000, 0x8050_4000, 0x2000, MsmRig.ReadWrite)));
        Assert.Equal(["TLBIVA[0] = 10203000"], rig.Writes(rig.Driver.Unmap(domain, 0x1020_3000, 0x1000)));
    }

    [Fact]
    public void A_section_that_takes_a_table_s_place_has_the_table_s_reach_invalidated_first()
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        rig.Map(domain, 0x1020_3000, 0x8050_4000);
        rig.Run(rig.Driver.Unmap(domain, 0x1020_3000, 0x1000));

        var writes = rig.Writes(rig.Driver.Map(domain, 0x1020_0000, 0x9040_0000, 0x10_0000, MsmRig.ReadWrite));

        Assert.Equal(512, writes.Count);
        Assert.Equal(["TLBIVA[0] = 10200000", "TLBIVA[0] = 102ff000", "TLBIVA[0] = 10200000"], [writes[0], writes[255], writes[256]]);
        Assert.Equal(0x9040_3123UL, rig.Dma(0x1020_3123));
    }

    [Fact]
    public void A_fault_at_the_second_level_is_recorded_stalls_and_is_acknowledged_without_a_resume()
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        rig.Map(domain, 0x1020_3000, 0x8050_4000);

        Assert.Equal(DmaStatus.Stalled, rig.Send(0x1020_4abc).Status);

        Assert.Equal(0x4001_0002UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.Equal(0x1020_4abcUL, rig.Read(MsmRegisters.FaultAddress));
        Assert.Equal(["FSR[0] = 4000000f"], rig.Writes(rig.Driver.HandleInterrupt()));
        Assert.Equal(0UL, rig.Read(MsmRegisters.FaultStatus));
        Assert.False(rig.Silicon.InterruptAsserted);
        Assert.Equal(DmaStatus.Stalled, rig.Send(0x1020_3000).Status);
        Assert.Empty(rig.TakeResumed());
    }

    [Theory]
    [InlineData(0x1020_3abcUL, 0x8050_4abcL)]
    [InlineData(0x31ab_cdefUL, 0xa2ab_cdefL)]
    [InlineData(0x1020_4000UL, 0L)]
    public void The_silicon_answers_iova_to_phys(ulong iova, long expected)
    {
        using var rig = new MsmRig();
        var domain = rig.Attached();
        rig.Map(domain, 0x1020_3000, 0x8050_4000);
        rig.Map(domain, 0x3100_0000, 0xa200_0000, 0x100_0000);

        Assert.Equal(expected, rig.Run(rig.Driver.IovaToPhysical(domain, iova)));
        Assert.Equal(0, rig.Run(rig.Driver.IovaToPhysical(rig.Empty(), iova)));
        Assert.Equal(0UL, rig.Read(MsmRegisters.FaultStatus));
    }
}
