using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Survey;

/// <summary>What becomes of a device when after the detach something else happens than an attach to domain B: each time on a platform of its own.</summary>
internal static class SurveyLives
{
    private const int Slots = SurveyStage.WarmSlot + 2;

    /// <summary>Lives them.</summary>
    /// <param name="make">Makes a platform with so many pages mapped.</param>
    /// <param name="strategy">How the device leaves A.</param>
    public static IReadOnlyList<SurveyPoint> Observe(Func<int, SurveyStage> make, SurveyStrategy strategy) =>
    [
        .. AfterLeaving(make, strategy, SurveyPhase.AfterResume, stage => stage.Sleep(), always: false),
        .. AfterLeaving(make, strategy, SurveyPhase.AfterFree, stage => stage.FreeA(), always: true),
        .. AfterLeaving(make, strategy, SurveyPhase.AfterReattach, stage => stage.AttachA(), always: true),
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
            stage.Run(stage.AttachA(), "attach to A");
            stage.SettleA();
            stage.Send(SurveyStage.WarmSlot, DmaAccess.Write);
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

    private static SurveyObservation[] Probe(SurveyStage stage, SurveyPhase phase) =>
    [
        .. from cold in (bool[])[false, true]
           from access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write]
           let dma = stage.Send(cold ? SurveyStage.WarmSlot + 1 : SurveyStage.WarmSlot, access)
           select new SurveyObservation(dma, SurveyJudge.Classify(phase, dma.Landing, null), cold),
    ];

    private static IEnumerable<SurveyPoint> Unmapped(Func<int, SurveyStage> make)
    {
        using var stage = make(Slots);
        stage.Run(stage.AttachA(), "attach to A");
        stage.SettleA();
        var observations = new List<SurveyObservation>();
        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            var dma = stage.SendOutside(access);
            observations.Add(new SurveyObservation(dma, SurveyJudge.Classify(SurveyPhase.Unmapped, dma.Landing, null), Cold: true));
        }

        return [new SurveyPoint(SurveyPhase.Unmapped, null, null, observations)];
    }
}
