using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;
using R = Emulator.Hardware.Iommus.ArmSmmuV3.ArmSmmuV3Registers;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class TranslationTests
{
    /// <summary>Worked example 3: stage 2, 40 bits, VMID 1.</summary>
    private static readonly StreamTableEntry Stage2 = new(0x0D, 0x0000100000000000, 0x044A355800000001, 0x90000000);

    [Fact]
    public void Worked_example_1_through_its_own_words()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Memory.Write64(0x8000_0000, 0x8000_1003);
        smmu.Memory.Write64(0x8000_1000, 0x8000_2003);
        smmu.Memory.Write64(0x8000_2400, 0x8000_3003);
        smmu.Memory.Write64(0x8000_3000, 0x89AB_CF47);
        smmu.Memory.Write64(0x8000_3008, 0x89AB_DF47);
        smmu.Store(Stage1, table: 0x810_0000);
        smmu.Store(new StreamTableEntry(0x000000000810000B, 0x00000000080000D6, 0, 0));

        Assert.Equal(0x89AB_C123UL, smmu.Lands(0x1000_0123, DmaAccess.Write));
        Assert.Equal(0x89AB_DFFCUL, smmu.Lands(0x1000_1FFC));
        Assert.Null(smmu.Lands(0x1000_2000));
    }

    [Fact]
    public void Worked_example_2_a_block_of_1_GiB_and_the_larger_granules()
    {
        var options = new ArmSmmuV3Options();
        using var smmu = new SmmuV3Bench(options with { Idr5 = options.Idr5 | 6 });
        smmu.Memory.Write64(0x9000_0008, 0x8C0000F45);
        smmu.Attach(Stage1 with { T0Sz = 25, Table0 = 0x9000_0000 });
        Assert.Equal(0x8_D234_5678UL, smmu.Lands(0x5234_5678));

        smmu.Memory.Write64(0x9100_0000, 0x9101_0003);
        smmu.Memory.Write64(0x9101_0000 + (8 * 8), 0x9102_0003);
        smmu.Memory.Write64(0x9102_0000, 0x000000001234AF47);
        smmu.Attach(Stage1 with { Granule0 = 1, OutputSize = 6, Asid = 2, Table0 = 0x9100_0000 }, sid: 0x21, table: ContextTable + 0x1000);
        Assert.Equal(0xA_0000_1234_1230UL, smmu.Lands(0x1_0000_1230, sid: 0x21));
        Assert.Equal(EventCode.Translation, Fault(smmu, 0x1_0001_0000, 0x21));

        smmu.Memory.Write64(0x9200_0000, 0x9200_4003);
        smmu.Memory.Write64(0x9200_4000 + (2 * 8), 0x9200_8003);
        smmu.Memory.Write64(0x9200_8008, 0x88008F47);
        smmu.Attach(Stage1 with { T0Sz = 17, Granule0 = 2, Asid = 3, Table0 = 0x9200_0000 }, sid: 0x22, table: ContextTable + 0x2000);
        Assert.Equal(0x8800_8010UL, smmu.Lands(0x0400_4010, sid: 0x22));
    }

    [Fact]
    public void Worked_example_3_stage_2()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Memory.Write64(0x9000_0010, 0x9000_2003);
        smmu.Memory.Write64(0x9000_2000, 0x9000_3003);
        smmu.Memory.Write64(0x9000_3000, 0x8800007FF);
        smmu.Store(Stage2);

        Assert.Equal(0x8_8000_0010UL, smmu.Lands(0x8000_0010, DmaAccess.Write));
        Assert.Null(smmu.Lands(0x8000_1000));
        var record = smmu.TheEvent();
        Assert.Equal((EventCode.Translation, true, EventClass.Input, 0x8000_1000UL), (record.Code, record.Stage2, record.Class, record.IntermediateAddress));
    }

    [Fact]
    public void Nested_the_tables_of_stage_1_and_its_output_go_through_stage_2()
    {
        using var smmu = new SmmuV3Bench();
        Nest(smmu);
        smmu.Map(Root + Moved, 0x1000_0000, 0x4000_5000 | Page);
        MapSecond(smmu, Root, Root + Moved);
        for (var table = 0x2000_0000UL; table < 0x2001_0000; table += 0x1000)
            MapSecond(smmu, table, table);
        MapSecond(smmu, 0x4000_5000, 0x7777_7000);

        Assert.Equal(0x7777_7123UL, smmu.Lands(0x1000_0123, DmaAccess.Write));
        Assert.Null(smmu.TakeEvent());
    }

    [Fact]
    public void Nested_a_stage_1_table_that_stage_2_does_not_map_is_a_stage_2_fault_of_class_TT()
    {
        using var smmu = new SmmuV3Bench();
        Nest(smmu);
        Assert.Null(smmu.Lands(0x1000_0000));
        Assert.Equal(
            new EventRecord { Code = EventCode.Translation, StreamId = Sid, Read = true, Stage2 = true, Class = EventClass.TranslationTable, TableRead = true, InputAddress = 0x1000_0000, IntermediateAddress = Root },
            smmu.TheEvent());
    }

    [Fact]
    public void Nested_a_CD_that_stage_2_does_not_map_is_a_stage_2_fault_of_class_CD()
    {
        using var smmu = new SmmuV3Bench();
        Nest(smmu);
        smmu.Store(new StreamTableEntry(0, 0, Stage2.Word2, SecondRoot) { Valid = true, Configuration = StreamConfiguration.Nested, ContextTable = 0x5000_0000 }, sid: 0x21);
        Assert.Null(smmu.Lands(0x1000_0000, sid: 0x21));
        var record = smmu.TheEvent();
        Assert.Equal((EventCode.Translation, true, EventClass.ContextDescriptor, 0x5000_0000UL), (record.Code, record.Stage2, record.Class, record.IntermediateAddress));
    }

    [Fact]
    public void Nested_what_stage_2_alone_refuses_is_its_fault_on_a_walk_and_on_a_hit()
    {
        using var smmu = new SmmuV3Bench();
        Nest(smmu);
        smmu.Map(Root, 0x1000_0000, 0x4000_5000 | Page);
        for (var table = 0x2000_0000UL; table < 0x2001_0000; table += 0x1000)
            MapSecond(smmu, table, table);
        MapSecond(smmu, Root, Root);
        smmu.Map(SecondRoot, 0x4000_5000, 0x7777_7000 | (0x7FFUL & ~0x80UL), startLevel: 1);

        Assert.Null(smmu.Lands(0x1000_0010, DmaAccess.Write));
        var walked = smmu.TheEvent();
        Assert.Equal((EventCode.Permission, true, 0x4000_5000UL), (walked.Code, walked.Stage2, walked.IntermediateAddress));
        Assert.Equal(0x7777_7010UL, smmu.Lands(0x1000_0010));
        Assert.Null(smmu.Lands(0x1000_0010, DmaAccess.Write));
        Assert.Equal(walked, smmu.TheEvent());
    }

    [Fact]
    public void Nested_translations_stay_after_S2_IPA_and_go_with_the_VMID()
    {
        using var smmu = new SmmuV3Bench();
        Nest(smmu);
        smmu.Map(Root, 0x1000_0000, 0x4000_5000 | Page);
        MapSecond(smmu, Root, Root);
        for (var table = 0x2000_0000UL; table < 0x2001_0000; table += 0x1000)
            MapSecond(smmu, table, table);
        MapSecond(smmu, 0x4000_5000, 0x7777_7000);
        Assert.Equal(0x7777_7000UL, smmu.Lands(0x1000_0000));

        MapSecond(smmu, 0x4000_5000, 0x6666_6000);
        smmu.Send(Command.TlbiAddress(CommandOpcode.TlbiS2Ipa, 1, 0, 0x4000_5000, leaf: true));
        Assert.Equal(0x7777_7000UL, smmu.Lands(0x1000_0000));
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiNhAll, vmid: 2));
        Assert.Equal(0x7777_7000UL, smmu.Lands(0x1000_0000));
        smmu.Send(Command.Tlbi(CommandOpcode.TlbiS12VmAll, vmid: 1));
        Assert.Equal(0x6666_6000UL, smmu.Lands(0x1000_0000));
    }

    [Theory]
    [InlineData(StreamTableEntry.LinearContextTable, 4, 9u)]
    [InlineData(StreamTableEntry.TwoLevelContextTable64K, 12, 2053u)]
    [InlineData(1, 12, 2053u)]
    public void Substreams_find_their_own_descriptor(int format, int log2Contexts, uint ssid)
    {
        using var smmu = new SmmuV3Bench();
        var leafBits = format == StreamTableEntry.TwoLevelContextTable64K ? 10 : 6;
        var table = ContextTable;
        if (format != StreamTableEntry.LinearContextTable)
        {
            table = 0x1400_0000;
            var index = ssid >> leafBits;
            smmu.Memory.Write64(ContextTable + (index * 8), new ContextTableLevel1Descriptor { Valid = true, LeafTable = table }.Raw);
        }

        smmu.Store(Stage1, ssid & ((1u << leafBits) - 1), table);
        smmu.Store(new StreamTableEntry
        {
            Valid = true,
            Configuration = StreamConfiguration.Stage1,
            ContextTable = ContextTable,
            ContextTableFormat = format,
            Log2Contexts = log2Contexts,
        });
        smmu.Map(Root, 0x1000_0000, 0x89AB_C000 | Page);

        Assert.Equal(0x89AB_C000UL, smmu.Lands(0x1000_0000, ssid: ssid));
        Assert.Null(smmu.Lands(0x1000_0000, ssid: 1u << log2Contexts));
        Assert.Equal(EventCode.BadSubstreamId, smmu.TheEvent().Code);
        Assert.Null(smmu.Lands(0x1000_0000));
        Assert.Equal(EventCode.StreamDisabled, smmu.TheEvent().Code);
    }

    [Fact]
    public void S1DSS_decides_on_requests_without_a_substream()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(Stage1);
        smmu.Map(Root, 0x1000_0000, 0x89AB_C000 | Page);
        var entry = new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable, Log2Contexts = 2 };
        smmu.Store(entry with { DefaultSubstream = DefaultSubstream.Terminate }, sid: 0x30);
        smmu.Store(entry with { DefaultSubstream = DefaultSubstream.Bypass }, sid: 0x31);
        smmu.Store(entry with { DefaultSubstream = DefaultSubstream.Substream0 }, sid: 0x32);

        Assert.Equal(EventCode.StreamDisabled, Fault(smmu, 0x1000_0000, 0x30));
        Assert.Equal(0x1000_0000UL, smmu.Lands(0x1000_0000, sid: 0x31));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(0x1000_0000, sid: 0x31, ssid: 0));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(0x1000_0000, sid: 0x32));
        Assert.Null(smmu.Lands(0x1000_0000, sid: 0x32, ssid: 0));
        Assert.Equal(EventCode.StreamDisabled, smmu.TheEvent().Code);
    }

    [Fact]
    public void A_span_of_s_holds_half_of_2_to_the_s_streams()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Write(R.Cr0, (uint)(Control0.CmdqEnable | Control0.EvtqEnable));
        smmu.Write(R.StrtabBaseCfg, new StreamTableShape { TwoLevel = true, Split = 8, Log2Size = 16 }.Raw);
        Assert.Equal(0x00010210UL, smmu.Read(R.StrtabBaseCfg));
        smmu.Write(R.Cr0, (uint)Control0.All);
        smmu.Memory.Write64(StreamTable + 8, new StreamTableLevel1Descriptor { Level2Table = 0x1500_0000, Span = 3 }.Raw);
        for (var i = 0UL; i < 8; i++)
            smmu.Memory.Write64(0x1500_0000 + (i * 64), new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass }.Word0);

        Assert.Equal(0x1234UL, smmu.Lands(0x1234, sid: 0x103));
        Assert.Equal(EventCode.BadStreamId, Fault(smmu, 0x1234, 0x104));
        Assert.Equal(EventCode.BadStreamId, Fault(smmu, 0x1234, 0x200));
    }

    [Fact]
    public void While_off_GBPA_decides_and_takes_effect_with_UPDATE_only()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Write(R.Cr0, 0);
        Assert.Equal(0x1234UL, smmu.Lands(0x1234));
        smmu.Write(R.Gbpa, GlobalBypass.AbortMask);
        Assert.Equal(0UL, smmu.Read(R.Gbpa));
        Assert.Equal(0x1234UL, smmu.Lands(0x1234));

        smmu.Write(R.Gbpa, GlobalBypass.AbortMask | GlobalBypass.Update);
        Assert.Equal((ulong)GlobalBypass.AbortMask, smmu.Read(R.Gbpa));
        Assert.Null(smmu.Lands(0x1234));
        Assert.Equal(0, smmu.Silicon.Faults.Total);
    }

    [Fact]
    public void A_translation_that_hits_allocates_nothing_and_neither_does_a_walk()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stage1);
        smmu.Map(Root, 0x1000_0000, 0x89AB_C000 | Page);
        var requests = new DmaRequest[64];
        Array.Fill(requests, new DmaRequest(new StreamId(Sid), new Iova(0x1000_0000), DmaAccess.Write));
        requests[7] = requests[7] with { Iova = new Iova(0x1000_1000) };
        requests[8] = requests[8] with { Stream = new StreamId(0x21) };
        var completions = new DmaCompletion[64];
        smmu.Silicon.Translate(requests, completions);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 100; i++)
                smmu.Silicon.Translate(requests, completions);
        }));
        Assert.Equal(62, completions.Count(c => c.Address.Value == 0x89AB_C000));
    }

    private const ulong Moved = 0x100_0000;

    private static EventCode Fault(SmmuV3Bench smmu, ulong iova, uint sid)
    {
        Assert.Null(smmu.Lands(iova, sid: sid));
        return smmu.TheEvent().Code;
    }

    // Stage 2 of 40 bits at SecondRoot; the CD table is where it says it is.
    private static void Nest(SmmuV3Bench smmu)
    {
        smmu.Store(Stage1);
        smmu.Store(new StreamTableEntry(0, 0, Stage2.Word2, SecondRoot) { Valid = true, Configuration = StreamConfiguration.Nested, ContextTable = ContextTable });
        MapSecond(smmu, ContextTable, ContextTable);
    }

    private static void MapSecond(SmmuV3Bench smmu, ulong intermediate, ulong physical) =>
        smmu.Map(SecondRoot, intermediate, physical | 0x7FF, startLevel: 1);
}
