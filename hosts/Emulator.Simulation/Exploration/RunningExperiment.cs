using Akka.Actor;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;

namespace Emulator.Simulations.Exploration;

/// <summary>One run of an experiment while it goes on.</summary>
internal sealed class RunningExperiment : IDisposable
{
    private const int StepsToQuiesce = 40;

    private readonly Experiment _experiment;
    private readonly Simulation _simulation;
    private readonly HostBlueprint _blueprint;
    private readonly StruckMessages _messages;
    private readonly Timeline? _timeline;
    private readonly List<SimulatedHost> _hosts = [];
    private readonly List<ExploredAction> _actions = [];
    private readonly List<Task<object>> _asked = [];
    private readonly List<Quiescing> _quiescing = [];
    private readonly Dictionary<FaultKind, int> _struck = [];
    private OwnershipOracle _oracle = null!;
    private long _explained;
    private int _step;

    public RunningExperiment(Experiment experiment, Simulation simulation, HostBlueprint blueprint, StruckMessages messages, bool withTimeline)
    {
        _experiment = experiment;
        _simulation = simulation;
        _blueprint = blueprint;
        _messages = messages;
        _timeline = withTimeline ? new Timeline() : null;
        StartHost();
    }

    private SimulatedHost Host => _hosts[^1];

    private HostSpecification Specification => Host.Specification;

    /// <summary>Goes through the steps.</summary>
    /// <param name="actions">What is done; null for what chance says.</param>
    /// <param name="random">Chance.</param>
    /// <param name="faults">The faults among that.</param>
    /// <returns>What must never happen and did; null when nothing.</returns>
    public BrokenInvariant? Go(IReadOnlyList<ExploredAction>? actions, SplitMix64 random, FaultRate[] faults)
    {
        var next = 0;
        var chance = actions == null;
        actions ??= _experiment.Scheduled;
        for (_step = 1; _step <= _experiment.Steps; _step++)
        {
            if (chance)
                Draw(ref random, faults);
            for (; next < actions.Count && actions[next].Step <= _step; next++)
                Act(actions[next]);
            AskForQuiesced();
            if (!_simulation.Step())
                return null;
            if ((_oracle.Look() ?? JudgeAnswers()) is not { } broken)
                continue;
            _timeline?.End(_step, $"{broken.Invariant}: {broken.Detail}");
            return broken;
        }

        return null;
    }

    /// <summary>What the run was.</summary>
    public ExploredRun Result(ulong seed, RunRecord record, BrokenInvariant? broken) => new(
        seed,
        record,
        Math.Min(_step, _experiment.Steps),
        _actions,
        broken,
        Struck(),
        _hosts.Sum(host => host.Reassignments),
        _hosts.Sum(host => host.Emulated.Dma.Dmas),
        _explained + _oracle.ExplainedViolations,
        _timeline?.Events ?? []);

    /// <summary>Gives back the memory of its hosts.</summary>
    public void Dispose()
    {
        foreach (var host in _hosts)
            host.Dispose();
    }

    private Dictionary<FaultKind, int> Struck()
    {
        foreach (var (kind, count) in _messages.Struck)
            _struck[kind] = count;
        return _struck;
    }

    // Bringing a host up is not what is explored: it takes place in order and undisturbed.
    private void StartHost()
    {
        _explained += _oracle?.ExplainedViolations ?? 0;
        (_simulation.IsInOrder, _messages.IsStriking) = (true, false);
        _hosts.Add(_blueprint.Start(_simulation, _hosts.Count == 0 ? null : $"{Specification.Name}-{_hosts.Count}"));
        Host.Emulated.Pacing = DriverPacing.Whole;
        Host.WaitUntilStarted();
        Host.Emulated.Pacing = Specification.Pacing;
        (_simulation.IsInOrder, _messages.IsStriking) = (false, true);
        _oracle = new OwnershipOracle(Host.Emulated);
        if (_timeline != null)
        {
            _oracle.Observer = (group, tenure) => _timeline.Add(_step, $"group {group} is {tenure.State} in {tenure.Epoch}, granted {EmulatedHost.NameOf(tenure.Granted)}");
            Host.Emulated.Platform.Bus.Observer = step => _timeline.Add(_step, Host.Emulated, step);
        }

        Host.StartWorkload();
    }

    // So many draws at each step, whatever comes of them: leaving something out does not shift the rest.
    private void Draw(ref SplitMix64 random, FaultRate[] faults)
    {
        var (changes, which) = (random.NextDouble(), random.Next());
        if (changes < _experiment.Changes)
            Act(new ExploredAction(_step, (int)(which % (ulong)Specification.Groups), (int)((which >> 32) % (ulong)Specification.Tenants)));
        foreach (var fault in faults)
        {
            var (strikes, how) = (random.NextDouble(), random.Next());
            if (strikes < fault.Rate)
                Act(new ExploredAction(_step, 0, 0, FaultDraw.Of(fault, how)));
        }
    }

    private void Act(ExploredAction action)
    {
        _actions.Add(action);
        if (action.Fault is { } fault)
            Strike(fault);
        else
            Change(action.Group % Specification.Groups, action.Tenant % Specification.Tenants);
    }

    private void Change(int group, int tenant)
    {
        if (!_experiment.Quiesce)
        {
            Ask(group, tenant);
            return;
        }

        Host.StopWorkload();
        _quiescing.Add(new Quiescing(Host.WorkloadFinished(), _step + StepsToQuiesce, group, tenant));
    }

    private void Ask(int group, int tenant)
    {
        _timeline?.Add(_step, $"a change of group {group} to {EmulatedHost.NameOf(HostSpecification.TenantTag(tenant))} is asked for");
        _asked.Add(Host.Reassign(group, HostSpecification.TenantTag(tenant)));
    }

    // A driver waits for its devices, but not for ever.
    private void AskForQuiesced()
    {
        for (var i = _quiescing.Count - 1; i >= 0; i--)
        {
            var (stopped, until, group, tenant) = _quiescing[i];
            if (!stopped.IsCompleted && _step < until)
                continue;
            _quiescing.RemoveAt(i);
            Ask(group, tenant);
        }
    }

    private void Strike(Fault fault)
    {
        _struck[fault.Kind] = _struck.GetValueOrDefault(fault.Kind) + 1;
        _oracle.Explained |= FaultCatalog.Of(fault.Kind).ExplainedBy(fault);
        _timeline?.Add(_step, $"fault: {fault}");
        switch (fault.Kind)
        {
            case FaultKind.HostCrash:
                _asked.Clear();
                _quiescing.Clear();
                _simulation.System.Stop(Host.Actor);
                StartHost();
                break;
            case FaultKind.ActorCrash:
                var crashing = HostActors.Of(Specification, fault.Target);
                _messages.Crash(crashing.Path);
                Host.Actor.Tell(new SupervisionMessages.CrashActor(crashing.Kind, crashing.Index), ActorRefs.NoSender);
                break;
            case FaultKind.ActorSlow:
                _messages.Slow(HostActors.Of(Specification, fault.Target).Path, fault.Duration);
                break;
            default:
                Host.Actor.Tell(new FaultMessages.InjectFault(fault), ActorRefs.Nobody);
                break;
        }
    }

    private BrokenInvariant? JudgeAnswers()
    {
        for (var i = _asked.Count - 1; i >= 0; i--)
        {
            if (!_asked[i].IsCompleted)
                continue;
            var answer = _asked[i].Result;
            _asked.RemoveAt(i);
            if (_experiment.Quiesce && _asked.Count == 0 && _quiescing.Count == 0)
                Host.StartWorkload();
            if (answer is HostMessages.Reassigned reassigned && _oracle.Judge(reassigned) is { } broken)
                return broken;
        }

        return null;
    }

    /// <summary>A change that waits until the devices have stopped, or some step.</summary>
    private readonly record struct Quiescing(Task Stopped, int Until, int Group, int Tenant);
}
