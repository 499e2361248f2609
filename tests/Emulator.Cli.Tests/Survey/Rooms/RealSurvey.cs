using Emulator.Cli.Survey;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Tests.Survey.Rooms;

/// <summary>Surveys of catalogued IOMMUs.</summary>
internal static class RealSurvey
{
    public static SurveyCase Run(string iommu, string variant, KernelVersion kernel, SurveyStrategy strategy) =>
        SurveyEngine.Run(IommuCatalog.Find(iommu)!, variant, kernel, strategy);

    /// <summary>The point after another one.</summary>
    public static SurveyPoint StepAfter(SurveyCase survey, SurveyPoint point) => survey.Points.SkipWhile(p => p != point).ElementAt(1);

    /// <summary>The points of the detach.</summary>
    public static IReadOnlyList<SurveyPoint> During(SurveyCase survey) => [.. survey.Points.Where(point => point.Phase == SurveyPhase.DuringDetach)];
}
