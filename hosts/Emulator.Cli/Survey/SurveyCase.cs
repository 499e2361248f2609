using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Survey;

/// <summary>One IOMMU variant, kernel and strategy, and what was observed.</summary>
/// <param name="Room">The IOMMU.</param>
/// <param name="Variant">Its variant.</param>
/// <param name="Kernel">The kernel.</param>
/// <param name="Strategy">The strategy.</param>
/// <param name="Points">The points in order; empty when nothing was run.</param>
/// <param name="Further">What came of other lives of the device: after sleep, after domain A was freed, after A was attached again, and at an unmapped address.</param>
/// <param name="Leaks">Where DMA got through although it must not.</param>
/// <param name="Verdict">What it says about the mail's guess.</param>
public sealed record SurveyCase(
    IommuRoom Room,
    string Variant,
    KernelVersion Kernel,
    SurveyStrategy Strategy,
    IReadOnlyList<SurveyPoint> Points,
    IReadOnlyList<SurveyPoint> Further,
    IReadOnlyList<SurveyLeak> Leaks,
    SurveyVerdict Verdict)
{
    /// <summary>The point of a phase that no step belongs to; null when nothing was run.</summary>
    public SurveyPoint? At(SurveyPhase phase) => Points.FirstOrDefault(point => point.Phase == phase);
}
