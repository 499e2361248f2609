namespace Emulator.Cli.Survey;

/// <summary>A probe with its judgement.</summary>
/// <param name="Dma">The probe.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Cold">Whether its page was never used before; otherwise it is the page that was warmed before the detach.</param>
public sealed record SurveyObservation(SurveyDma Dma, SurveyOutcome Outcome, bool Cold);
