using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Survey;

/// <summary>What becomes of a device when after the detach something else happens than an attach to domain B: each time on a platform of its own.</summary>
internal static class SurveyLives
{
    // Far enough from the page in use that no cached table entry covers both.
    private const int ColdSlot = SurveyStage.WarmSlot + 40;
    private const int Slots = ColdSlot + 1;

    private static readonly DmaAccess[] Directions = [DmaAccess.Read, DmaAccess.Write];

    /// <summary>Lives them.</summary>
    /// <param name="make">Makes a platform with so many pages mapped.</param>
    /// <param name="strategy">How the device leaves A.</param>
    public static IReadOnlyList<SurveyPoint> Observe(Func<int, SurveyStage> make, SurveyStrategy strategy) =>
    [
        .. AfterLeaving(make, strategy, SurveyPhase.AfterResume, stage => stage.Sleep(), always: false),
        .. AfterLeaving(make, strategy, SurveyPhase.AfterFree, stage => stage.FreeA(), always: true),
        .. AfterLeaving(make, strategy, SurveyPhase.AfterReattach, stage => stage.AttachA(), always: true),
        .. AfterReturn(make, strategy),
        .. Neighbour(make, strategy),
        .. Unmapped(make),
    ];

    // Where the sequence has no step and frees nothing the answer would be that of the detach again.
    private static IEnumerable<SurveyPoint> AfterLeaving(
        Func<int, SurveyStage> make, SurveyStrategy strategy, SurveyPhase phase, Func<SurveyStage, IEnumerable<DriverStep>> then, bool always)
    {
        using var stage = make(Slots);
        var points = new List<SurveyPoint>();
        var (step, freed) = (0, false);
        try
        {
            AttachAndWarm(stage);
            stage.Run(stage.Leave(strategy), "leaving A", afterFree: () => { });
            stage.Run(then(stage), SurveyText.Of(phase), Done, () => freed = true);
        }
        catch (Exception e) when (e is DriverException or KernelBugException)
        {
            return [new SurveyPoint(phase, null, e.Message, [])];
        }

        if (phase == SurveyPhase.AfterReattach)
            stage.SettleA();
        if (step > 0 || freed || always)
            points.Add(new SurveyPoint(phase, null, null, Probe(stage, phase)));
        return points;

        void Done(DriverStep done) => points.Add(new SurveyPoint(phase, ++step, stage.Bus.Describe(done), []));
    }

    private static IEnumerable<SurveyPoint> AfterReturn(Func<int, SurveyStage> make, SurveyStrategy strategy) => Live(SurveyPhase.AfterReturn, make, stage =>
    {
        if (stage.SharesOneTable)
            return [];
        AttachAndWarm(stage);
        stage.Run(stage.Leave(strategy), "leaving A");
        stage.PrepareB();
        stage.Run(stage.AttachB(), "attach to B");
        stage.SettleB();
        stage.Send(SurveyStage.WarmSlot, DmaAccess.Write);
        stage.Run(stage.LeaveB(strategy), "leaving B");
        stage.Run(stage.AttachA(), "attach to A again");
        stage.SettleA();
        stage.Run(stage.FreeB(), "free of B", afterFree: () => { });
        return Probe(stage, SurveyPhase.AfterReturn);
    });

    private static IEnumerable<SurveyPoint> Neighbour(Func<int, SurveyStage> make, SurveyStrategy strategy) => Live(SurveyPhase.Neighbour, make, stage =>
    {
        AttachAndWarm(stage);
        stage.Run(stage.AttachNeighbour(), "attach of a neighbour to A");
        stage.SettleA();
        stage.SendFromNeighbour(DmaAccess.Write);
        stage.Run(stage.Leave(strategy), "leaving A");
        stage.Run(stage.UnmapWarmPage(), "unmap");
        return [.. Directions.Select(access => Observe(SurveyPhase.Neighbour, stage.SendFromNeighbour(access), cold: false))];
    });

    private static IEnumerable<SurveyPoint> Unmapped(Func<int, SurveyStage> make) => Live(SurveyPhase.Unmapped, make, stage =>
    {
        AttachAndWarm(stage);
        return [.. Directions.Select(access => Observe(SurveyPhase.Unmapped, stage.SendOutside(access), cold: true))];
    });

    // A driver that refuses a step on the way has its say; there is nothing to observe then.
    private static SurveyPoint[] Live(SurveyPhase phase, Func<int, SurveyStage> make, Func<SurveyStage, SurveyObservation[]> live)
    {
        using var stage = make(Slots);
        try
        {
            var observations = live(stage);
            return observations.Length == 0 ? [] : [new SurveyPoint(phase, null, null, observations)];
        }
        catch (Exception e) when (e is DriverException or KernelBugException)
        {
            return [new SurveyPoint(phase, null, e.Message, [])];
        }
    }

    private static void AttachAndWarm(SurveyStage stage)
    {
        stage.Run(stage.AttachA(), "attach to A");
        stage.SettleA();
        stage.Send(SurveyStage.WarmSlot, DmaAccess.Write);
    }

    private static SurveyObservation Observe(SurveyPhase phase, SurveyDma dma, bool cold) => new(dma, SurveyJudge.Classify(phase, dma.Landing, null), cold);

    private static SurveyObservation[] Probe(SurveyStage stage, SurveyPhase phase) =>
    [
        .. from cold in (bool[])[false, true]
           from access in Directions
           select Observe(phase, stage.Send(cold ? ColdSlot : SurveyStage.WarmSlot, access), cold),
    ];
}
