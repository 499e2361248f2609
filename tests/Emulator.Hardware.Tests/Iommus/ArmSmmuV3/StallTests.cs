using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using static Emulator.Hardware.Tests.Iommus.ArmSmmuV3.SmmuV3Bench;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmuV3;

public sealed class StallTests
{
    private const ulong Iova = 0x1000_0000;

    private static readonly ContextDescriptor Stalling = Stage1 with { Stall = true };

    [Fact]
    public void A_stalled_read_is_retried_after_the_page_was_mapped()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stalling);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova).Status);
        var record = smmu.TheEvent();
        Assert.Equal(0x0000020880000000UL | record.StallTag, record.Word1);
        Assert.Empty(Resumed(smmu));

        smmu.Map(Root, Iova, 0x89AB_C000 | Page);
        smmu.Send(Command.Resume(Sid, record.StallTag, ResumeResponse.Retry));
        var resumed = Assert.Single(Resumed(smmu));
        Assert.Equal((DmaStatus.Completed, 0x89AB_C000UL, Iova), (resumed.Completion.Status, resumed.Completion.Address.Value, resumed.Request.Iova.Value));
        Assert.Empty(Resumed(smmu));
    }

    [Theory]
    [InlineData(ResumeResponse.Abort)]
    [InlineData(ResumeResponse.Terminate)]
    public void A_refused_stall_ends_aborted(ResumeResponse response)
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stalling);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova, DmaAccess.Write).Status);
        var tag = smmu.TheEvent().StallTag;
        smmu.Send(Command.Resume(Sid + 1, tag, response), Command.Resume(Sid, (ushort)(tag + 1), response));
        Assert.Empty(Resumed(smmu));
        smmu.Send(Command.Resume(Sid, tag, response));
        Assert.Equal(DmaStatus.Aborted, Assert.Single(Resumed(smmu)).Completion.Status);
        Assert.Null(smmu.TakeEvent());
    }

    [Fact]
    public void A_retry_that_faults_again_stalls_again()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stalling);
        smmu.Dma(Iova);
        var first = smmu.TheEvent();
        smmu.Send(Command.Resume(Sid, first.StallTag, ResumeResponse.Retry));
        Assert.Empty(Resumed(smmu));
        Assert.Equal(first, smmu.TheEvent());
    }

    [Fact]
    public void STALL_TERM_ends_all_stalls_of_its_stream_in_order()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Attach(Stalling);
        smmu.Attach(Stalling, sid: 0x21);
        smmu.Dma(Iova);
        smmu.Dma(Iova, sid: 0x21);
        smmu.Dma(Iova + 0x1000);
        smmu.Send(Command.StallTerminate(Sid));
        Assert.Equal([Iova, Iova + 0x1000], Resumed(smmu).Select(r => r.Request.Iova.Value));
        smmu.Send(Command.StallTerminate(0x21));
        Assert.Single(Resumed(smmu));
    }

    [Fact]
    public void S1STALLD_makes_faults_of_a_stalling_CD_terminate()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(Stalling);
        smmu.Store(new StreamTableEntry { Valid = true, Configuration = StreamConfiguration.Stage1, ContextTable = ContextTable, StallDisabled = true });
        Assert.Equal(DmaStatus.Aborted, smmu.Dma(Iova).Status);
        Assert.False(smmu.TheEvent().Stall);
    }

    [Fact]
    public void Beyond_STALL_MAX_a_fault_terminates_with_an_ordinary_event()
    {
        var options = new ArmSmmuV3Options();
        using var smmu = new SmmuV3Bench(options with { Idr5 = (options.Idr5 & 0xffff) | 2u << 16 });
        smmu.Attach(Stalling);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova).Status);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova).Status);
        Assert.Equal(DmaStatus.Aborted, smmu.Dma(Iova).Status);
        Assert.Equal([true, true, false], new[] { smmu.TakeEvent(), smmu.TakeEvent(), smmu.TakeEvent() }.Select(e => e!.Value.Stall));

        // A slot is free again when its answer was taken.
        smmu.Send(Command.Resume(Sid, 0, ResumeResponse.Abort));
        Assert.Equal(DmaStatus.Aborted, smmu.Dma(Iova).Status);
        Assert.Single(Resumed(smmu));
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova).Status);
    }

    [Fact]
    public void A_stall_whose_event_finds_no_room_waits_and_is_tried_again()
    {
        using var smmu = new SmmuV3Bench(eventsLog2: 0);
        smmu.Attach(Stalling);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova).Status);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova + 0x1000).Status);
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova + 0x2000).Status);
        Assert.Equal(1, smmu.Silicon.Faults.Total);

        // Room for one: the second is reported. The third finds its page mapped and needs no event.
        smmu.Map(Root, Iova + 0x2000, 0x89AB_C000 | Page);
        Assert.Equal(Iova, smmu.TakeEvent()!.Value.InputAddress);
        Assert.Empty(Resumed(smmu));
        Assert.Equal(Iova + 0x1000, smmu.TakeEvent()!.Value.InputAddress);
        Assert.Equal(0x89AB_C000UL, Assert.Single(Resumed(smmu)).Completion.Address.Value);
        Assert.Null(smmu.TakeEvent());
    }

    [Fact]
    public void A_stage_2_fault_stalls_with_S2S()
    {
        using var smmu = new SmmuV3Bench();
        smmu.Store(new StreamTableEntry(0x0D, 0, 0x044A355800000001, 0x90000000) { Stage2Stall = true });
        Assert.Equal(DmaStatus.Stalled, smmu.Dma(Iova).Status);
        var record = smmu.TheEvent();
        Assert.Equal((true, true), (record.Stall, record.Stage2));
    }

    private static List<ResumedDma> Resumed(SmmuV3Bench smmu)
    {
        var resumed = new ResumedDma[8];
        return [.. resumed[..smmu.Silicon.TakeResumed(resumed)]];
    }
}
