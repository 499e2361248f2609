using Emulator.Actors.Hosts;
using Emulator.Hardware.Drivers;

namespace Emulator.Simulations.Exploration;

/// <summary>Collects the events of a run as people read them. Steps of one driver's sequence that follow each other are one event.</summary>
internal sealed class Timeline
{
    private readonly List<(int Step, string Text, List<string> Details)> _events = [];
    private object? _run;
    private bool _hasEnded;

    /// <summary>The events so far.</summary>
    public IReadOnlyList<TimelineEvent> Events => [.. _events.Select(one => new TimelineEvent(one.Step, one.Details.Count > 1 ? $"{one.Text}: {one.Details.Count} steps, the last {one.Details[^1]}" : one.Text, one.Details))];

    /// <summary>The last thing that happened; what comes after it is the run's clearing up.</summary>
    public void End(int step, string text)
    {
        Add(step, text);
        _hasEnded = true;
    }

    /// <summary>Something happened.</summary>
    public void Add(int step, string text)
    {
        if (_hasEnded)
            return;
        _run = null;
        _events.Add((step, text, []));
    }

    /// <summary>A driver's step took place.</summary>
    public void Add(int step, EmulatedHost host, DriverStep performed)
    {
        if (_hasEnded)
            return;
        var run = host.Driver.Current;
        if (run != _run || _events.Count == 0)
        {
            _run = run;
            var of = run is { Group: >= 0 } ? $"the driver's {run.Purpose} of group {run.Group}, {run.Epoch}" : $"the driver's {run?.Purpose}";
            _events.Add((step, of, []));
        }

        _events[^1].Details.Add(host.Platform.Bus.Describe(performed));
    }
}
