using Emulator.Hardware.Dma;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Survey;

/// <summary>Judges probes: one by one, as leaks, and as an answer to the mail.</summary>
internal static class SurveyJudge
{
    private static readonly DmaAccess[] Directions = [DmaAccess.Read, DmaAccess.Write];

    /// <summary>Judges where a DMA landed.</summary>
    /// <param name="phase">When it was sent.</param>
    /// <param name="landing">Where it landed.</param>
    /// <param name="withoutCaches">During the detach: where it lands on a platform without caches, when known.</param>
    public static SurveyOutcome Classify(SurveyPhase phase, SurveyLanding landing, SurveyLanding? withoutCaches) => landing switch
    {
        SurveyLanding.Nowhere or SurveyLanding.Held or SurveyLanding.ProtectBuffer => SurveyOutcome.Blocked,
        SurveyLanding.OwnAddress => SurveyOutcome.Identity,
        SurveyLanding.Elsewhere => SurveyOutcome.Elsewhere,
        SurveyLanding.DomainB when phase != SurveyPhase.AfterReturn => SurveyOutcome.Translated,
        SurveyLanding.FreedTable => SurveyOutcome.Stale,
        SurveyLanding.DomainA when phase is <= SurveyPhase.Attached or SurveyPhase.AfterReattach or SurveyPhase.AfterReturn => SurveyOutcome.Translated,
        _ when phase == SurveyPhase.DuringDetach && withoutCaches == SurveyLanding.DomainA => SurveyOutcome.Translated,
        _ => SurveyOutcome.Stale,
    };

    /// <summary>Joins neighbouring points, from the first step of the detach on, with the same leak: answers that are stale or land in memory of others. Points of
    /// other lives stand for themselves.</summary>
    public static IReadOnlyList<SurveyLeak> FindLeaks(IEnumerable<SurveyPoint> points)
    {
        var leaks = new List<SurveyLeak>();
        SurveyLeak? open = null;
        foreach (var point in points.Where(point => point.Phase > SurveyPhase.Attached))
        {
            var bad = point.Observations.Concat(point.LetGo).Where(o => o.Outcome > SurveyOutcome.Translated).ToList();
            var worst = bad.MaxBy(o => (o.Outcome, o.Dma.Landing));
            if (worst == null)
            {
                Close();
                continue;
            }

            var accesses = Directions.Where(access => bad.Exists(o => o.Dma.Access == access)).ToArray();
            var found = new SurveyLeak(point, point, worst.Outcome, worst.Dma.Landing, accesses, bad.Exists(o => o.Cold), bad.Count);
            if (open is { } leak && point.Phase <= SurveyPhase.AfterNextAttach && leak.Outcome == found.Outcome && leak.Landing == found.Landing && leak.ColdToo == found.ColdToo && leak.Accesses.SequenceEqual(accesses))
            {
                open = leak with { Last = point, Dmas = leak.Dmas + found.Dmas };
                continue;
            }

            Close();
            open = found;
        }

        Close();
        return leaks;

        void Close()
        {
            if (open != null)
                leaks.Add(open);
            open = null;
        }
    }

    /// <summary>Compares what was observed after the detach with the mail's guess.</summary>
    public static SurveyVerdict Judge(Guess2022 guess, IReadOnlyList<SurveyPoint> points)
    {
        var after = points.First(point => point.Phase == SurveyPhase.AfterDetach);
        var (read, write) = (after.Worst(DmaAccess.Read), after.Worst(DmaAccess.Write));
        var observed = read.Outcome == write.Outcome
            ? $"reads and writes {SurveyText.Of(read)}"
            : $"reads {SurveyText.Of(read)}, writes {SurveyText.Of(write)}";
        return guess switch
        {
            Guess2022.Undecided => new SurveyVerdict(SurveyAnswer.Undecided, $"the mail leaves it open; {observed}"),
            Guess2022.Blocking => new SurveyVerdict(Holds(SurveyOutcome.Blocked) ? SurveyAnswer.Holds : SurveyAnswer.Wrong, observed),
            _ => new SurveyVerdict(Holds(SurveyOutcome.Identity) ? SurveyAnswer.Holds : SurveyAnswer.Wrong, observed),
        };

        bool Holds(SurveyOutcome outcome) => read.Outcome == outcome && write.Outcome == outcome;
    }
}
