using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Survey;

/// <summary>The survey's words, as they are typed, printed and written to the document.</summary>
internal static class SurveyText
{
    /// <summary>A kernel.</summary>
    public static string Of(KernelVersion kernel) => kernel == KernelVersion.Linux61 ? "6.1" : "6.12";

    /// <summary>A strategy.</summary>
    public static string Of(SurveyStrategy strategy) => strategy switch
    {
        SurveyStrategy.Detach => "detach",
        SurveyStrategy.Empty => "empty",
        _ => "native",
    };

    /// <summary>A direction.</summary>
    public static string Of(DmaAccess access) => access == DmaAccess.Read ? "read" : "write";

    /// <summary>A guess.</summary>
    public static string Of(Guess2022 guess) => guess switch
    {
        Guess2022.Blocking => "blocking",
        Guess2022.Identity => "identity",
        _ => "undecided",
    };

    /// <summary>A phase; the two that the document does not hold have names for the log.</summary>
    public static string Of(SurveyPhase phase) => phase switch
    {
        SurveyPhase.BeforeAttach => "before-attach",
        SurveyPhase.Attaching => "attach",
        SurveyPhase.Attached => "attached",
        SurveyPhase.DuringDetach => "during-detach",
        SurveyPhase.AfterDetach => "after-detach",
        SurveyPhase.AttachingNext => "next-attach",
        SurveyPhase.AfterResume => "after-resume",
        SurveyPhase.AfterFree => "after-free",
        SurveyPhase.AfterReattach => "after-reattach",
        SurveyPhase.AfterReturn => "after-return",
        SurveyPhase.Neighbour => "neighbour",
        SurveyPhase.Unmapped => "unmapped",
        _ => "after-next-attach",
    };

    /// <summary>An outcome as the document names it: what lands elsewhere was translated somehow.</summary>
    public static string Of(SurveyOutcome outcome) => outcome switch
    {
        SurveyOutcome.Blocked => "blocked",
        SurveyOutcome.Stale => "stale",
        SurveyOutcome.Identity => "identity",
        _ => "translated",
    };

    /// <summary>A landing place.</summary>
    public static string Of(SurveyLanding landing) => landing switch
    {
        SurveyLanding.Nowhere => "nowhere",
        SurveyLanding.Held => "held",
        SurveyLanding.ProtectBuffer => "protect buffer",
        SurveyLanding.DomainA => "domain A",
        SurveyLanding.DomainB => "domain B",
        SurveyLanding.OwnAddress => "third party",
        SurveyLanding.FreedTable => "through a freed table",
        _ => "elsewhere",
    };

    /// <summary>An observation with its fault.</summary>
    public static string Of(SurveyObservation observation) =>
        observation.Dma.KernelBug != null ? $"{Of(observation.Outcome)} (its handler stops the kernel)"
        : observation.Dma.Landing == SurveyLanding.Held ? observation.Dma.Fault is { } held ? $"held ({Of(held)})" : "held"
        : observation.Dma.Fault is { } fault ? $"{Of(observation.Outcome)} ({Of(fault)})"
        : observation.Dma.Landing == SurveyLanding.ProtectBuffer ? "blocked (sent to the protect buffer)"
        : observation.Outcome == SurveyOutcome.Blocked ? "blocked silently"
        : Of(observation.Outcome);

    /// <summary>A fault: the silicon's own number, then the reason in common terms.</summary>
    public static string Of(FaultRecord fault) => $"0x{fault.Code:x} {fault.Reason}";

    /// <summary>A leak: between which steps, in which directions, where to, how many DMAs.</summary>
    public static string Of(SurveyLeak leak)
    {
        var where = leak.First == leak.Last ? Place(leak.First) : $"{Place(leak.First)} to {Place(leak.Last)}";
        var directions = string.Join('+', leak.Accesses.Select(Of));
        var pages = leak is { Outcome: SurveyOutcome.Stale, Landing: SurveyLanding.DomainA } ? leak.ColdToo ? ", new pages too" : ", cached pages" : "";
        return $"{where}: {directions} {Of(leak.Outcome)}, {Of(leak.Landing)}{pages} ({leak.Dmas} DMAs)";
    }

    /// <summary>A place between two steps.</summary>
    public static string Place(SurveyPoint point) => point.Phase switch
    {
        SurveyPhase.DuringDetach when point.Number == 0 => "before step 1",
        SurveyPhase.DuringDetach => $"step {point.Number}",
        SurveyPhase.AttachingNext => $"next attach {point.Number}",
        _ => Of(point.Phase),
    };

    /// <summary>A step, and what it let go of the DMA that was held before.</summary>
    public static string Step(SurveyPoint point)
    {
        if (point.LetGo.Count == 0)
            return point.Step ?? "";
        var landings = string.Join(", ", point.LetGo.GroupBy(o => o.Dma.Landing).Select(group => $"{group.Count()} to {Of(group.Key)}"));
        return $"{point.Step} - lets held DMA go: {landings}";
    }

    /// <summary>A read and a write are told apart only where they differ.</summary>
    public static string Pair(SurveyObservation read, SurveyObservation write, Func<SurveyObservation, string> text) =>
        text(read) == text(write) ? text(read) : $"read {text(read)}, write {text(write)}";
}
