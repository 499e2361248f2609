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
        SurveyLanding.DomainA => "domain A",
        SurveyLanding.DomainB => "domain B",
        SurveyLanding.OwnAddress => "third party",
        _ => "elsewhere",
    };

    /// <summary>An observation with its fault.</summary>
    public static string Of(SurveyObservation observation) =>
        observation.Dma.Fault is { } fault ? $"{Of(observation.Outcome)} ({Of(fault)})"
        : observation.Outcome == SurveyOutcome.Blocked ? "blocked silently"
        : Of(observation.Outcome);

    /// <summary>A fault: the silicon's own number, then the reason in common terms.</summary>
    public static string Of(FaultRecord fault) => $"0x{fault.Code:x} {fault.Reason}";
}
