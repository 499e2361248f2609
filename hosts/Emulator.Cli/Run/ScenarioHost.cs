using Emulator.Actors.Hosts;

namespace Emulator.Cli.Run;

/// <summary>One host of a scenario.</summary>
/// <param name="Specification">The host.</param>
/// <param name="Reassignments">Changes of owner, spread evenly over the host's workload; group after group, each to its next tenant.</param>
public sealed record ScenarioHost(HostSpecification Specification, int Reassignments)
{
    /// <summary>DMAs that the host's devices send in all.</summary>
    public long TotalDmas => Enumerable.Range(0, Specification.Devices).Sum(device => Specification.WorkloadOf(device).TotalDmas);
}
