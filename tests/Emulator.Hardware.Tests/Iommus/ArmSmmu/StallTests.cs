using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus.ArmSmmu;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Hardware.Tests.Iommus.ArmSmmu;

/// <summary>CFCFG: a request that faults waits for RESUME.</summary>
public sealed class StallTests
{
    private const uint Stalls = SmmuBench.Stage1On | 0x80;
    private const uint HitUnderFault = 0x100;
    private const ulong Missing = SmmuBench.Page + 0x1000;

    [Fact]
    public void Retry_translates_the_request_once_the_page_is_there()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(control: Stalls);
        Assert.Equal(DmaStatus.Stalled, smmu.Send(Missing, tag: 7).Status);
        Assert.Equal(0x4000_0002u, smmu.ReadBank(R.FaultStatus));
        smmu.Memory.Write64(SmmuBench.LastTable + 8, 0x89AB_DF47);
        smmu.WriteBank(R.FaultStatus, 0x4000_0002);
        Assert.Equal(0x4000_0000u, smmu.ReadBank(R.FaultStatus));
        smmu.WriteBank(R.Resume, 0);
        Assert.Equal(0u, smmu.ReadBank(R.FaultStatus));
        var resumed = Assert.Single(Take(smmu));
        Assert.Equal((0x89AB_D000ul, DmaStatus.Completed, 7), (resumed.Completion.Address.Value, resumed.Completion.Status, resumed.Completion.Tag));
    }

    [Fact]
    public void A_retry_that_faults_again_stalls_again()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(control: Stalls);
        smmu.Send(Missing);
        smmu.WriteBank(R.FaultStatus, R.AnyFault);
        smmu.WriteBank(R.Resume, 0);
        Assert.Empty(Take(smmu));
        Assert.Equal(0x4000_0002u, smmu.ReadBank(R.FaultStatus));
    }

    [Fact]
    public void Termination_aborts_the_request_that_faulted_and_lets_those_behind_it_go_on()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(control: Stalls);
        smmu.Send(Missing, tag: 1);
        Assert.Equal(DmaStatus.Stalled, smmu.Send(SmmuBench.Page, tag: 2).Status);
        smmu.WriteBank(R.Resume, 1);
        Assert.Equal([(1, DmaStatus.Aborted), (2, DmaStatus.Completed)], Take(smmu).Select(r => ((int)r.Completion.Tag, r.Completion.Status)));
    }

    [Fact]
    public void With_HUPCF_other_requests_go_on_while_one_is_stalled()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(control: Stalls | HitUnderFault);
        smmu.Send(Missing);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page));
    }

    [Fact]
    public void Another_bank_is_not_held_up_and_its_RESUME_answers_nothing_here()
    {
        using var smmu = new SmmuBench();
        smmu.SetUp(control: Stalls);
        smmu.TurnOn(bank: 4, control: Stalls);
        smmu.Route(4, sid: 0x50, entry: 1);
        smmu.Send(Missing);
        Assert.Equal(SmmuBench.Frame, smmu.Lands(SmmuBench.Page, sid: 0x50));
        smmu.WriteBank(R.Resume, 1, bank: 4);
        Assert.Empty(Take(smmu));
        Assert.Equal(0x4000_0002u, smmu.ReadBank(R.FaultStatus));
    }

    [Fact]
    public void Beyond_what_can_be_held_a_fault_terminates()
    {
        using var smmu = new SmmuBench(new ArmSmmuOptions { Id1 = 0x2003_0008, StallCapacity = 1 });
        smmu.SetUp(control: Stalls);
        Assert.Equal(DmaStatus.Stalled, smmu.Send(Missing).Status);
        Assert.Equal(DmaStatus.Aborted, smmu.Send(Missing).Status);
        smmu.WriteBank(R.Resume, 1);
        Assert.Equal(DmaStatus.Aborted, smmu.Send(Missing).Status);
        Assert.Single(Take(smmu));
        Assert.Equal(DmaStatus.Stalled, smmu.Send(Missing).Status);
    }

    private static ResumedDma[] Take(SmmuBench smmu)
    {
        var resumed = new ResumedDma[8];
        return resumed[..smmu.Silicon.TakeResumed(resumed)];
    }
}
