using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;
using Emulator.Hardware.Timing;

namespace Emulator.Cli.Run.Timed;

/// <summary>What a host's hardware takes in virtual time.</summary>
/// <param name="Name">The host's name.</param>
/// <param name="Parameters">Every parameter; null for a host without virtual time.</param>
public sealed record HostTimingFigures(string Name, IReadOnlyList<HostTimingParameter>? Parameters)
{
    private static readonly HostTiming Defaults = new();

    /// <summary>Those of a host.</summary>
    public static HostTimingFigures Of(HostSpecification host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new HostTimingFigures(host.Name, host.Timing is { } timing ? Of(timing) : null);
    }

    private static IReadOnlyList<HostTimingParameter> Of(HostTiming timing) =>
    [
        .. Of("iommu", TimingParameters.Of(timing.Iommu), TimingParameters.Of(Defaults.Iommu)),
        .. Of("device", TimingParameters.Of(timing.Device), TimingParameters.Of(Defaults.Device)),
    ];

    private static IEnumerable<HostTimingParameter> Of(string part, IReadOnlyList<TimingParameter> parameters, IReadOnlyList<TimingParameter> defaults) =>
        parameters.Zip(
            defaults,
            (parameter, absent) => new HostTimingParameter(
                part, parameter.Name, parameter.Value, parameter.Unit, parameter.Meaning, parameter.Value == absent.Value ? "default" : "scenario", absent.Value));
}
