using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Memory;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;
using R = Emulator.Hardware.Iommus.ArmSmmuV3.ArmSmmuV3Registers;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class FaultTests
{
    private const ulong Iova = 0x1000_0000;

    [Fact]
    public void Worked_example_6_of_an_unmapped_write_and_read()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);

        Assert.Equal(DmaStatus.Aborted, smmu.Dma(0x1000_2000, DmaAccess.Write).Status);
        Assert.Equal(new EventRecord(0x0000002000000010, 0x0000020000000000, 0x10002000, 0), smmu.TheEvent());
        Assert.Null(smmu.Lands(0x1000_2000));
        Assert.Equal(new EventRecord(0x0000002000000010, 0x0000020800000000, 0x10002000, 0), smmu.TheEvent());

        var faults = new FaultRecord[4];
        Assert.Equal(2, smmu.Silicon.Faults.Take(faults));
        Assert.Equal(new FaultRecord(new StreamId(Sid), new Iova(0x1000_2000), DmaAccess.Write, FaultReason.NotPresent, 0x10), faults[0]);
        Assert.Equal(DmaAccess.Read, faults[1].Access);
    }

    [Fact]
    public void An_abort_entry_refuses_DMA_without_an_event()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry { Valid = true });

        Assert.Null(smmu.Lands(Iova));
        Assert.Null(smmu.TakeEvent());
        Assert.False(smmu.Silicon.InterruptAsserted);
        Assert.Equal(0, smmu.Silicon.Faults.Total);
    }

    [Fact]
    public void A_stream_outside_the_table_is_recorded_only_with_RECINVSID()
    {
        using var smmu = new SmmuV3Bench();
        Assert.Null(smmu.Lands(Iova, sid: 0x100));
        Assert.Equal(new EventRecord(0x0000010000000002, 0, 0, 0), smmu.TheEvent());

        smmu.Write(R.Cr2, (uint)Control2.PrivateTlbMaintenance);
        Assert.Null(smmu.Lands(Iova, sid: 0x100));
        Assert.Null(smmu.TakeEvent());
    }

    [Fact]
    public void An_invalid_STE_is_C_BAD_STE()
    {
        using var smmu = new SmmuV3Bench();
        Assert.Null(smmu.Lands(Iova));
        Assert.Equal(new EventRecord(0x0000002000000004, 0, 0, 0), smmu.TheEvent());
        Assert.Equal(1, smmu.Silicon.Faults.Total);
    }

    [Theory]
    [InlineData(StreamConfiguration.Stage1, 21, 0, "S1CDMax above SSIDSIZE")]
    [InlineData(StreamConfiguration.Stage1, 1, 3, "S1DSS reserved")]
    [InlineData(StreamConfiguration.Stage2, 0, 0, "S2AA64 clear")]
    public void A_malformed_STE_is_C_BAD_STE(StreamConfiguration configuration, int log2Contexts, int s1dss, string why)
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry
        {
            Valid = true,
            Configuration = configuration,
            ContextTable = ContextTable,
            Log2Contexts = log2Contexts,
            DefaultSubstream = (DefaultSubstream)s1dss,
        });
        Assert.Null(smmu.Lands(Iova));
        Assert.True(smmu.TheEvent().Code == EventCode.BadSte, why);
    }

    [Fact]
    public void Fields_that_a_configuration_does_not_use_are_ignored()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry(~0xEUL, ~0UL, ~0UL, ~0UL));
        Assert.Null(smmu.Lands(Iova));
        Assert.Null(smmu.TakeEvent());
        smmu.Store(new StreamTableEntry(~0xEUL | 8, ~0UL, ~0UL, ~0UL), sid: 0x21);
        Assert.Equal(Iova, smmu.Lands(Iova, sid: 0x21));

        // 6.1's detach leaves DW3 stale.
        smmu.Store(Stage1);
        smmu.Store(
            new StreamTableEntry(0, 0, ~0UL, ~0UL) { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable }, sid: 0x22);
        smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova, sid: 0x22));
    }

    public static TheoryData<string, ContextDescriptor> MalformedDescriptors => new()
    {
        { "V clear", Stage1 with { Valid = false } },
        { "AA64 clear", Stage1 with { Aa64 = false } },
        { "T0SZ too small", Stage1 with { T0Sz = 15 } },
        { "T0SZ too large", Stage1 with { T0Sz = 40 } },
        { "TG0 reserved", Stage1 with { Granule0 = 3 } },
        { "big-endian", Stage1 with { BigEndian = true } },
        { "TTB0 beyond IPS", Stage1 with { Table0 = 1UL << 44 } },
        { "HA without HTTU", Stage1 with { HardwareAccess = true } },
    };

    [Theory]
    [MemberData(nameof(MalformedDescriptors))]
    public void A_malformed_CD_is_C_BAD_CD(string why, ContextDescriptor descriptor)
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(descriptor);
        Assert.Null(smmu.Lands(Iova));
        Assert.True(smmu.TheEvent() == new EventRecord(0x000000200000000A, 0, 0, 0), why);
    }

    [Fact]
    public void Substreams_that_do_not_exist_are_C_BAD_SUBSTREAMID()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        Assert.Null(smmu.Lands(Iova, ssid: 3));
        Assert.Equal(new EventRecord(0x0000002000003808, 0, 0, 0), smmu.TheEvent());

        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass }, sid: 0x21);
        Assert.Null(smmu.Lands(Iova, sid: 0x21, ssid: 1));
        Assert.Equal(EventCode.BadSubstreamId, smmu.TheEvent().Code);
    }

    [Fact]
    public void Tables_outside_memory_are_fetch_faults_with_the_address_that_was_read()
    {
        using var memory = new PhysicalMemory(new MemoryRange(0, 4UL << 30));
        using var smmu = new SmmuV3Bench(memory: memory);
        smmu.Attach(Stage1 with { Table0 = 0x70_0000_0000 });
        Assert.Null(smmu.Lands(0x1230_0000, DmaAccess.Write));
        Assert.Equal(new EventRecord(0x000000200000000B, 0x0000010000000000, 0x1230_0000, 0x70_0000_0000), smmu.TheEvent());

        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = 0x70_0000_1000 }, sid: 0x21);
        Assert.Null(smmu.Lands(Iova, sid: 0x21));
        Assert.Equal(new EventRecord(0x0000002100000009, 0, 0, 0x70_0000_1000), smmu.TheEvent());

        smmu.Write(R.Cr0, 0xC);
        smmu.Write(R.StrtabBase, 0x70_0000_0000, 8);
        smmu.Write(R.Cr0, 0xD);
        Assert.Null(smmu.Lands(Iova, sid: 0x22));
        Assert.Equal(new EventRecord(0x0000002200000003, 0, 0, 0x70_0000_0880), smmu.TheEvent());
    }

    [Fact]
    public void A_leaf_beyond_IPS_is_F_ADDR_SIZE_and_so_is_a_bypass_beyond_the_output_size()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1 with { OutputSize = 0 });
        smmu.Map(Root, Iova, 0x1_0000_0000 | Page);
        Assert.Null(smmu.Lands(Iova));
        Assert.Equal(new EventRecord(0x0000002000000011, 0x0000020800000000, Iova, 0), smmu.TheEvent());

        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass }, sid: 0x21);
        Assert.Equal(0xFFFF_FFFF_F000UL, smmu.Lands(0xFFFF_FFFF_F000, sid: 0x21));
        Assert.Null(smmu.Lands(1UL << 48, sid: 0x21));
        Assert.Equal(EventCode.AddressSize, smmu.TheEvent().Code);
    }

    [Fact]
    public void A_clear_access_flag_is_F_ACCESS_unless_AFFD()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        smmu.Map(Root, Iova, 0x89AB_C000 | (Page & ~0x400UL));
        Assert.Null(smmu.Lands(Iova));
        Assert.Equal(EventCode.AccessFlag, smmu.TheEvent().Code);

        smmu.Attach(Stage1 with { AccessFlagFaultDisable = true }, sid: 0x21, table: ContextTable + 0x1000);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova, sid: 0x21));
    }

    [Fact]
    public void Permissions_are_those_of_the_leaf()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        smmu.Map(Root, Iova, 0x89AB_C000 | Page | 1 << 7);
        smmu.Map(Root, Iova + 0x1000, 0x89AB_D000 | (Page & ~0x40UL));
        smmu.Map(Root, Iova + 0x2000, 0x89AB_E000 | Page | 1UL << 54);

        // Read-only, on a walk and on a hit.
        Assert.Null(smmu.Lands(Iova, DmaAccess.Write));
        Assert.Equal(new EventRecord(0x0000002000000013, 0x0000020000000000, Iova, 0), smmu.TheEvent());
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova));
        Assert.Null(smmu.Lands(Iova, DmaAccess.Write));
        Assert.Equal(EventCode.Permission, smmu.TheEvent().Code);

        // Privileged only.
        Assert.Null(smmu.Lands(Iova + 0x1000));
        Assert.Equal(EventCode.Permission, smmu.TheEvent().Code);
        Assert.Equal(0x89AB_D000UL, smmu.Lands(Iova + 0x1000, attributes: DmaAttributes.Privileged));
        Assert.Null(smmu.Lands(Iova + 0x1000));
        Assert.NotNull(smmu.TakeEvent());

        // No instruction fetch.
        Assert.Equal(0x89AB_E000UL, smmu.Lands(Iova + 0x2000));
        Assert.Null(smmu.Lands(Iova + 0x2000, attributes: DmaAttributes.Instruction));
        var fetch = smmu.TheEvent();
        Assert.Equal((EventCode.Permission, true, true), (fetch.Code, fetch.Instruction, fetch.Read));
    }

    [Fact]
    public void Without_CD_R_translation_faults_leave_no_event()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1 with { Record = false });
        Assert.Null(smmu.Lands(Iova));
        Assert.Null(smmu.TakeEvent());
    }

    [Fact]
    public void EPD0_makes_every_address_of_the_lower_range_a_translation_fault()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1 with { WalkDisabled0 = true });
        smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        Assert.Null(smmu.Lands(Iova));
        Assert.Equal(EventCode.Translation, smmu.TheEvent().Code);
    }
}
