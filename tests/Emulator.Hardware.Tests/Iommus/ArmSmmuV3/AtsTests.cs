using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;
using R = Emulator.Hardware.Iommus.ArmSmmuV3.ArmSmmuV3Registers;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class AtsTests
{
    private const ulong Iova = 0x1000_0000;

    [Fact]
    public void ATS_is_refused_where_the_STE_does_not_allow_it()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Bypass });
        Assert.Null(smmu.Lands(Iova, attributes: DmaAttributes.TranslationRequest));
        Assert.Equal(new EventRecord(0x0000002000000005, 0, Iova, 0), smmu.TheEvent());
        Assert.Null(smmu.Lands(Iova, DmaAccess.Write, attributes: DmaAttributes.Translated));
        Assert.Equal(new EventRecord(0x0000002000000007, 0, Iova, 0), smmu.TheEvent());

        // Without ATSCHK a translated request is not looked at.
        smmu.Write(R.Cr0, (uint)(Control0.All & ~Control0.AtsCheck));
        Assert.Equal(Iova, smmu.Lands(Iova, attributes: DmaAttributes.Translated));
    }

    [Fact]
    public void With_EATS_a_translation_request_gets_the_translation_and_its_fault_is_silent()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(Stage1);
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable, Ats = AtsMode.Full });
        smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        Assert.Equal(0x89AB_C000UL, smmu.Lands(Iova, attributes: DmaAttributes.TranslationRequest));
        Assert.Equal(0x89AB_C000UL, smmu.Lands(0x89AB_C000, attributes: DmaAttributes.Translated));
        Assert.Null(smmu.Lands(Iova + 0x1000, attributes: DmaAttributes.TranslationRequest));
        Assert.Null(smmu.TakeEvent());
    }

    [Fact]
    public void An_abort_entry_refuses_ATS_without_an_event_and_so_does_an_SMMU_that_is_off()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry { Valid = true });
        Assert.Null(smmu.Lands(Iova, attributes: DmaAttributes.TranslationRequest));
        Assert.Null(smmu.Lands(Iova, attributes: DmaAttributes.Translated));
        smmu.Write(R.Cr0, (uint)Control0.EvtqEnable);
        Assert.Null(smmu.Lands(Iova, attributes: DmaAttributes.TranslationRequest));
        Assert.Equal(0UL, smmu.Read(R.EvtqProd));
    }

    [Fact]
    public void With_split_stages_the_device_holds_intermediate_addresses_that_go_through_stage_2()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(Stage1);
        smmu.Store(new StreamTableEntry(0, 0, 0x044A355800000001, SecondRoot)
        {
            Valid = true,
            Configuration = StreamConfiguration.Nested,
            ContextTable = ContextTable,
            Ats = AtsMode.SplitStage,
        });
        smmu.Map(Root, Iova, 0x4000_5000 | Page);
        foreach (var table in new[] { ContextTable, Root })
            smmu.Map(SecondRoot, table, table | 0x7FF, startLevel: 1);
        for (var table = 0x2000_0000UL; table < 0x2001_0000; table += 0x1000)
            smmu.Map(SecondRoot, table, table | 0x7FF, startLevel: 1);
        smmu.Map(SecondRoot, 0x4000_5000, 0x7777_7000 | 0x7FF, startLevel: 1);

        Assert.Equal(0x4000_5040UL, smmu.Lands(Iova + 0x40, attributes: DmaAttributes.TranslationRequest));
        Assert.Equal(0x7777_7040UL, smmu.Lands(0x4000_5040, DmaAccess.Write, attributes: DmaAttributes.Translated));
        Assert.Equal(0x7777_7040UL, smmu.Lands(Iova + 0x40));
        Assert.Null(smmu.Lands(0x4000_6000, attributes: DmaAttributes.Translated));
        var record = smmu.TheEvent();
        Assert.Equal((EventCode.Translation, true, 0x4000_6000UL), (record.Code, record.Stage2, record.IntermediateAddress));
    }
}
