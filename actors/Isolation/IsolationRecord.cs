using Emulator.Actors.Hosts;

namespace Emulator.Actors.Isolation;

/// <summary>What the isolation check has found so far; outlives a crash of its actor.</summary>
internal sealed class IsolationRecord
{
    private readonly List<IsolationViolation> _first = [];
    private readonly int _kept;

    public IsolationRecord(HostSpecification specification)
    {
        _kept = specification.ViolationsKept;
        Devices = new DeviceTally[specification.Devices];
    }

    public DeviceTally[] Devices { get; }

    public bool KeepsMore => _first.Count < _kept;

    public void Keep(IsolationViolation violation) => _first.Add(violation);

    public IReadOnlyList<IsolationViolation> FirstViolations() => [.. _first];
}
