using Emulator.Hardware.Dma;

namespace Emulator.Cli.Survey;

/// <summary>A run of driver steps after which a DMA still landed where it must not.</summary>
/// <param name="First">The first point.</param>
/// <param name="Last">The last point.</param>
/// <param name="Outcome">What became of the DMA.</param>
/// <param name="Landing">Where it landed.</param>
/// <param name="Accesses">The directions that got through.</param>
/// <param name="ColdToo">Whether pages never used before leaked as well, that is: the silicon still walked the old tables.</param>
/// <param name="Dmas">How many of the DMAs sent there leaked.</param>
public sealed record SurveyLeak(
    SurveyPoint First, SurveyPoint Last, SurveyOutcome Outcome, SurveyLanding Landing, IReadOnlyList<DmaAccess> Accesses, bool ColdToo, int Dmas);
