using Emulator.Hardware.Iommus.ArmSmmuV3;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class CacheTests
{
    private const ulong Iova = 0x1000_0000;

    [Theory]
    [InlineData(StreamConfiguration.Abort)]
    [InlineData(StreamConfiguration.Bypass)]
    public void A_changed_STE_takes_effect_with_CFGI_STE_and_not_before(StreamConfiguration first)
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = first });
        var before = smmu.Lands(Iova);

        smmu.Attach(Stage1);
        smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        Assert.Equal(before, smmu.Lands(Iova));
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiNsnhAll), Command.InvalidateCdAll(Sid), Command.InvalidateSte(Sid + 1), Command.Sync());
        Assert.Equal(before, smmu.Lands(Iova));
        smmu.Send(Command.InvalidateSte(Sid));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
    }

    [Fact]
    public void An_invalid_STE_is_not_cached()
    {
        using var smmu = new SmmuV3Bench();
        Assert.Null(smmu.Lands(Iova));
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass });
        Assert.Equal(Iova, smmu.Lands(Iova));
    }

    [Fact]
    public void A_full_configuration_cache_drops_all_it_holds()
    {
        using var smmu = new SmmuV3Bench(new ArmSmmuV3Options { ConfigurationEntries = 1 });
        foreach (var sid in new[] { Sid, Sid + 1 })
            smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass }, sid);
        Assert.Equal(Iova, smmu.Lands(Iova));
        smmu.Store(new StreamTableEntry { Valid = true });
        Assert.Equal(Iova, smmu.Lands(Iova));

        // Another stream's entry takes the place, even when its CD is at fault.
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable }, Sid + 1);
        Assert.Null(smmu.Lands(Iova, sid: Sid + 1));
        Assert.Null(smmu.Lands(Iova));
    }

    [Fact]
    public void A_changed_CD_takes_effect_with_CFGI_CD_and_its_pages_stay_until_TLBI()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        smmu.Map(0x8800_0000, Iova, 0x7777_7000 | Page);
        smmu.Map(0x8800_0000, Iova + 0x1000, 0x7777_8000 | Page);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));

        smmu.Store(Stage1 with { Table0 = 0x8800_0000 });
        Assert.Null(smmu.Lands(Iova + 0x1000));
        smmu.Send(Command.InvalidateCd(Sid, 0));
        Assert.Equal(0x7777_8000UL, smmu.Lands(Iova + 0x1000));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiNhAsid, asid: 2));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiNhAsid, asid: 1));
        Assert.Equal(0x7777_7000UL, smmu.Lands(Iova));
    }

    [Fact]
    public void CFGI_STE_RANGE_drops_an_aligned_range_of_streams()
    {
        using var smmu = new SmmuV3Bench();
        for (var sid = 0x20u; sid < 0x28; sid++)
        {
            smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass }, sid);
            Assert.Equal(Iova, smmu.Lands(Iova, sid: sid));
            smmu.Store(new StreamTableEntry { Valid = true }, sid);
        }

        smmu.Send(new Command { Opcode = CommandOpcode.InvalidateSteRange, StreamId = 0x25, Range = 1 });
        Assert.Equal(Iova, smmu.Lands(Iova, sid: 0x23));
        Assert.Null(smmu.Lands(Iova, sid: 0x24));
        Assert.Null(smmu.Lands(Iova, sid: 0x27));
        smmu.Send(Command.InvalidateAllConfiguration());
        Assert.Null(smmu.Lands(Iova, sid: 0x20));
    }

    [Fact]
    public void Worked_example_4_a_range_invalidation_drops_its_range_and_nothing_else()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        for (var page = 0UL; page < 4; page++)
            smmu.Map(Root, Iova + (page << 12), 0x8_0000_0000 | (page << 12) | Page);
        for (var page = 0UL; page < 4; page++)
            Assert.Equal(0x8_0000_0000 | (page << 12), smmu.Lands(Iova + (page << 12)));
        for (var page = 0UL; page < 4; page++)
            smmu.Map(Root, Iova + (page << 12), 0);

        smmu.Send(new Command(0x0001000000100012, 0x10000701));
        Assert.Null(smmu.Lands(Iova));
        Assert.Null(smmu.Lands(Iova + 0x1000));
        Assert.Equal(0x8_0000_2000UL, smmu.Lands(Iova + 0x2000));
        Assert.Equal(0x8_0000_3000UL, smmu.Lands(Iova + 0x3000));

        // Of another ASID, and a single page by the form without range, whose unused fields are ignored.
        smmu.Send(new Command(0x0002000000500012, 0x10000701));
        Assert.Equal(0x8_0000_3000UL, smmu.Lands(Iova + 0x3000));
        smmu.Send(new Command(0x0001000001F1F012, 0x10003001));
        Assert.Null(smmu.Lands(Iova + 0x3000));
        Assert.Equal(0x8_0000_2000UL, smmu.Lands(Iova + 0x2000));
    }

    [Fact]
    public void A_range_with_the_level_of_pages_keeps_blocks()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        var entry = smmu.Map(Root, 0x4000_0000, 0x8000_0000 | 0xF45, leafLevel: 2);
        Assert.Equal(0x8012_3000UL, smmu.Lands(0x4012_3000));
        smmu.Memory.Write64(entry, 0);

        smmu.Send(new Command { Opcode = CommandOpcode.TlbiNhVa, Asid = 1, Address = 0x4000_0000, Granule = 1, Ttl = 3, Scale = 9, Leaf = true });
        Assert.Equal(0x8012_3000UL, smmu.Lands(0x4012_3000));
        smmu.Send(new Command(0x0001000000900012, 0x40000601));
        Assert.Null(smmu.Lands(0x4012_3000));
    }

    [Fact]
    public void A_global_page_serves_every_ASID_and_survives_TLBI_by_ASID()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        smmu.Attach(Stage1 with { Asid = 2, Table0 = 0x8800_0000 }, sid: 0x21, table: ContextTable + 0x1000);
        var entry = smmu.Map(Root, Iova, 0x89AB_C000 | (Page & ~0x800UL));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova, sid: 0x21));

        smmu.Memory.Write64(entry, 0);
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiNhAsid, asid: 1));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Send(Command.TlbiAddress(CommandOpcode.TlbiNhVa, 0, 2, Iova, leaf: true));
        Assert.Null(smmu.Lands(Iova));
    }

    [Fact]
    public void EL2_streams_are_left_alone_by_NSNH_ALL()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(Stage1);
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable, World = StreamWorld.El2 });
        var entry = smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Memory.Write64(entry, 0);
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiNsnhAll));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiEl2All));
        Assert.Null(smmu.Lands(Iova));
    }

    [Fact]
    public void With_E2H_the_EL2_world_has_ASIDs_and_without_it_they_are_ignored()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(Stage1);
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable, World = StreamWorld.El2 });
        var entry = smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Memory.Write64(entry, 0);
        smmu.Send(Command.TlbiAddress(CommandOpcode.TlbiEl2Va, 0, 77, Iova, leaf: true));
        Assert.Null(smmu.Lands(Iova));

        smmu.Write(ArmSmmuV3Registers.Cr2, (uint)Control2.E2H);
        smmu.Send(Command.InvalidateAllConfiguration());
        smmu.Memory.Write64(entry, 0x89AB_C000 | Page);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Memory.Write64(entry, 0);
        smmu.Send(Command.TlbiAddress(CommandOpcode.TlbiEl2Va, 0, 77, Iova, leaf: true));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        smmu.Send(Command.TlbiAddress(CommandOpcode.TlbiEl2Va, 0, 1, Iova, leaf: true));
        Assert.Null(smmu.Lands(Iova));
    }
}
