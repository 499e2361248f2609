using Emulator.Cli.Survey;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>The mail's question about AMD: what does clear_dte_entry leave behind?</summary>
public class AmdSurveyTests
{
    private const int IoPageFault = 2;

    [Theory]
    [InlineData("v1", KernelVersion.Linux61)]
    [InlineData("v1", KernelVersion.Linux612)]
    [InlineData("v2", KernelVersion.Linux61)]
    [InlineData("snp", KernelVersion.Linux61)]
    public void After_clear_dte_entry_DMA_is_blocked_with_an_IO_PAGE_FAULT(string variant, KernelVersion kernel)
    {
        var after = RealSurvey.Run("amd", variant, kernel, SurveyStrategy.Detach).At(SurveyPhase.AfterDetach)!;
        Assert.All(after.Observations, o => Assert.Equal(SurveyOutcome.Blocked, o.Outcome));
        Assert.All(after.Observations, o => Assert.Equal(IoPageFault, o.Dma.Fault!.Value.Code));
    }

    [Theory]
    [InlineData(KernelVersion.Linux61, SurveyStrategy.Detach)]
    [InlineData(KernelVersion.Linux612, SurveyStrategy.Native)]
    public void A_system_management_device_still_writes_to_memory_of_others(KernelVersion kernel, SurveyStrategy strategy)
    {
        var after = RealSurvey.Run("amd", "sysmgt", kernel, strategy).At(SurveyPhase.AfterDetach)!;
        Assert.Equal(SurveyOutcome.Blocked, after.Worst(DmaAccess.Read).Outcome);
        Assert.Equal(IoPageFault, after.Worst(DmaAccess.Read).Dma.Fault!.Value.Code);
        Assert.Equal(SurveyOutcome.Identity, after.Worst(DmaAccess.Write).Outcome);
        Assert.Equal(after.Worst(DmaAccess.Write).Dma.Iova, after.Worst(DmaAccess.Write).Dma.LandedAt);
    }

    [Fact]
    public void The_cached_entry_translates_until_the_tail_write_that_invalidates_it()
    {
        var during = RealSurvey.During(RealSurvey.Run("amd", "v1", KernelVersion.Linux61, SurveyStrategy.Detach));
        var stale = during.TakeWhile(point => point.Worst(DmaAccess.Write).Outcome == SurveyOutcome.Stale).ToList();
        Assert.StartsWith("store DTE", stale[0].Step, StringComparison.Ordinal);
        Assert.All(stale[0].Observations, o => Assert.Equal(SurveyOutcome.Stale, o.Outcome));
        Assert.StartsWith("write CommandTail", during[stale.Count].Step, StringComparison.Ordinal);
        Assert.All(during.Skip(stale.Count), point => Assert.Equal(SurveyOutcome.Blocked, point.Worst(DmaAccess.Write).Outcome));
    }

    [Fact]
    public void Linux_6_1_offers_no_blocking_domain() =>
        Assert.Equal(SurveyAnswer.NotOffered, RealSurvey.Run("amd", "v1", KernelVersion.Linux61, SurveyStrategy.Native).Verdict.Answer);
}
