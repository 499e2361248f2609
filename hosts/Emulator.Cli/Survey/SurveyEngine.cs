using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Survey;

/// <summary>
/// Asks what a detach really does: sends DMA before, during and after it and looks only at where each landed.
/// </summary>
/// <remarks>
/// <para>A DMA fills caches, so a probe disturbs what the next one sees. At each point four are sent: a read and a write to one page that is in use
/// since the attach (it finds what the IOTLB still holds), and a read and a write to a page that no DMA has touched before (it finds
/// what the silicon still walks). Of the two of a direction the worse one is reported.</para>
/// <para>Whether an answer from the old domain is stale is not guessed from the step's name: the same steps are run on a second platform whose caches
/// never saw a DMA. Where that one no longer lands in the old domain's page, the first one's answer came from a cache.</para>
/// <para>Table memory that the driver frees is at once taken by another domain, which maps the same addresses to frames of a third party: a walk through a
/// freed table is seen by where it ends.</para>
/// </remarks>
public static class SurveyEngine
{
    // Enough for 127 points; beyond them only the page in use is tried.
    private const int MaxSlots = 255;

    /// <summary>The cases of a selection, in the catalogue's order.</summary>
    /// <param name="rooms">The IOMMUs.</param>
    /// <param name="kernels">The kernels.</param>
    /// <param name="strategies">The strategies.</param>
    /// <param name="progress">Told which case is next.</param>
    public static IEnumerable<SurveyCase> Run(
        IReadOnlyList<IommuRoom> rooms, IReadOnlyList<KernelVersion> kernels, IReadOnlyList<SurveyStrategy> strategies, Action<string>? progress = null)
    {
        foreach (var room in rooms)
        {
            foreach (var variant in room.Variants)
            {
                foreach (var kernel in kernels)
                {
                    foreach (var strategy in strategies)
                    {
                        progress?.Invoke($"{room.Name} {variant} {SurveyText.Of(kernel)} {SurveyText.Of(strategy)}");
                        yield return Run(room, variant, kernel, strategy);
                    }
                }
            }
        }
    }

    /// <summary>Runs one case.</summary>
    public static SurveyCase Run(IommuRoom room, string variant, KernelVersion kernel, SurveyStrategy strategy)
    {
        ArgumentNullException.ThrowIfNull(room);
        if (!room.Supports(variant, kernel))
            return NotOffered($"Linux {SurveyText.Of(kernel)} has no driver for this variant");
        var points = new List<SurveyPoint>();
        try
        {
            using var stage = Stage(MaxSlots);
            if (!stage.Offers(strategy))
                return NotOffered($"Linux {SurveyText.Of(kernel)}'s driver has no blocking domain of its own");

            Observe(stage, points, strategy, Stage);
        }
        catch (Exception e) when (e is DriverException or KernelBugException)
        {
            // A driver may well refuse an empty domain or the next one; its own attach and detach it may not.
            var refused = strategy != SurveyStrategy.Detach && points.Exists(point => point.Phase == SurveyPhase.Attached);
            return new SurveyCase(room, variant, kernel, strategy, points, [], [], new SurveyVerdict(refused ? SurveyAnswer.Refused : SurveyAnswer.Failed, e.Message));
        }

        var further = SurveyLives.Observe(Stage, strategy);
        return new SurveyCase(room, variant, kernel, strategy, points, further, SurveyJudge.FindLeaks(points.Concat(further)), SurveyJudge.Judge(room.Guess, points));

        SurveyStage Stage(int slots) => new(room, variant, kernel, strategy, slots);

        SurveyCase NotOffered(string reason) => new(room, variant, kernel, strategy, [], [], [], new SurveyVerdict(SurveyAnswer.NotOffered, reason));
    }

    private static void Observe(SurveyStage stage, List<SurveyPoint> points, SurveyStrategy strategy, Func<int, SurveyStage> another)
    {
        var nextColdSlot = SurveyStage.WarmSlot + 1;

        void Probe(SurveyPhase phase, int? number = null, string? step = null, bool freed = false)
        {
            var observations = new List<SurveyObservation>(4);
            var letGo = stage.TakeLetGo().Select(dma => new SurveyObservation(dma, SurveyJudge.Classify(phase, dma.Landing, null), Cold: false)).ToList();
            SurveyLanding? truth = null;
            foreach (var cold in (bool[])[false, true])
            {
                foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
                {
                    if (cold && nextColdSlot == stage.Slots)
                        continue;
                    var dma = stage.Send(cold ? nextColdSlot++ : SurveyStage.WarmSlot, access);
                    if (stage.SharesOneTable && phase >= SurveyPhase.AfterNextAttach && dma.Landing == SurveyLanding.DomainA)
                        dma = dma with { Landing = SurveyLanding.DomainB };
                    if (phase == SurveyPhase.DuringDetach && dma.Landing == SurveyLanding.DomainA)
                        truth ??= AnswerWithoutCaches(another, strategy, number!.Value, freed);
                    observations.Add(new SurveyObservation(dma, SurveyJudge.Classify(phase, dma.Landing, truth), cold));
                }
            }

            points.Add(new SurveyPoint(phase, number, step, observations) { LetGo = letGo });
        }

        void RunProbed(IEnumerable<DriverStep> sequence, string name, SurveyPhase phase)
        {
            var number = 0;
            stage.Run(
                sequence,
                name,
                step => Probe(phase, ++number, stage.Bus.Describe(step)),
                () => Probe(phase, number, "table memory is freed; another domain's tables take its place", freed: true));
        }

        Probe(SurveyPhase.BeforeAttach);
        var attachStep = 0;
        stage.Run(stage.AttachA(), "attach to A", step => points.Add(new SurveyPoint(SurveyPhase.Attaching, ++attachStep, stage.Bus.Describe(step), [])));
        stage.SettleA();
        Probe(SurveyPhase.Attached);
        RunProbed(stage.Leave(strategy), "leaving A", SurveyPhase.DuringDetach);
        Probe(SurveyPhase.AfterDetach);
        try
        {
            stage.PrepareB();
            RunProbed(stage.AttachB(), "attach to B", SurveyPhase.AttachingNext);
            stage.SettleB();
            Probe(SurveyPhase.AfterNextAttach);
        }
        catch (DriverException refusal)
        {
            // The answer is there already; some drivers give a domain's place free only when it is freed.
            points.Add(new SurveyPoint(SurveyPhase.AttachingNext, null, $"refused: {refusal.Message}", []));
        }
    }

    private static SurveyLanding AnswerWithoutCaches(Func<int, SurveyStage> another, SurveyStrategy strategy, int steps, bool freed)
    {
        using var stage = another(SurveyStage.WarmSlot + 1);
        stage.Run(stage.AttachA(), "attach to A");
        stage.SettleA();
        stage.RunPart(stage.Leave(strategy), steps, freed);
        return stage.Send(SurveyStage.WarmSlot, DmaAccess.Read).Landing;
    }
}
