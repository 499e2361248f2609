namespace Emulator.Cli.Survey;

/// <summary>One observation in the document of <c>survey --json</c>.</summary>
/// <param name="Iommu">Name of the IOMMU.</param>
/// <param name="Variant">Its variant.</param>
/// <param name="Kernel"><c>6.1</c> or <c>6.12</c>.</param>
/// <param name="Strategy"><c>detach</c>, <c>empty</c> or <c>native</c>.</param>
/// <param name="Guess2022"><c>blocking</c>, <c>identity</c> or <c>undecided</c>.</param>
/// <param name="Phase"><c>before-attach</c>, <c>attached</c>, <c>during-detach</c>, <c>after-detach</c> or <c>after-next-attach</c>.</param>
/// <param name="Step">During the detach: the driver step before the DMA.</param>
/// <param name="Direction"><c>read</c> or <c>write</c>.</param>
/// <param name="Outcome"><c>translated</c>, <c>identity</c>, <c>blocked</c> or <c>stale</c>.</param>
/// <param name="LandedAt">The physical address, hexadecimal; null when it was blocked.</param>
/// <param name="Fault">The silicon's fault code, hexadecimal, and the reason in common terms; null when none was recorded.</param>
/// <param name="Verdict">What the case says about the guess.</param>
public sealed record SurveyRow(
    string Iommu,
    string Variant,
    string Kernel,
    string Strategy,
    string Guess2022,
    string Phase,
    string? Step,
    string Direction,
    string Outcome,
    string? LandedAt,
    string? Fault,
    string Verdict);
