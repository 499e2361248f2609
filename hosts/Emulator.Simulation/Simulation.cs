using Akka.Actor;
using Akka.Dispatch;
using Akka.Event;
using Emulator.Simulations.Engine;

namespace Emulator.Simulations;

/// <summary>
/// An actor system that runs on one thread, one message at a time, in an order that one seed decides: timers, restarts and asynchronous handlers included, and the actors
/// are what they are in production. The same plan makes the same run, in every process.
/// </summary>
/// <remarks>
/// Belongs to the thread that made it; a thread may have one at a time, and several threads one each. It makes many runs, one after another: <see cref="Begin"/>, whatever the
/// run does, <see cref="End"/>. Not under control, and found out only when they touch an actor: <c>Task.Run</c>, delays without a <see cref="TimeProvider"/>, real I/O. Restart windows of a supervisor
/// (<c>withinTimeRange</c>) are counted by the wall clock. Blocking for an answer inside the simulation blocks for ever.
/// </remarks>
public sealed class Simulation : IDisposable
{
    private const long StepsToStop = 1_000_000;

    [ThreadStatic]
    private static Simulation? t_creating;

    private readonly SimulationOptions _options;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private readonly ReadyList _ready;
    private readonly TimerQueue _timers = new();
    private readonly FaultInjector _faults;
    private readonly ErrorCollector _errors;
    private readonly List<ObservedQueue> _actors = [];
    private readonly ActorCell _root;
    private RunPlan? _plan;
    private RunTrace _trace = new(keepLog: false);
    private SplitMix64 _schedule;
    private SplitMix64 _early;
    private Envelope? _received;
    private long _asks;
    private string? _foreign;

    private Simulation(SimulationOptions options)
    {
        AkkaInternals.Check();
        _options = options;
        _ready = new ReadyList(options.OrderWithinStep);
        _faults = new FaultInjector(this);
        Time = new VirtualTime(this, options.Epoch);
        AkkaInternals.SeedRandom(0);
        t_creating = this;
        try
        {
            System = ActorSystem.Create("simulation", SimulationConfiguration.Of(options));
            // Now rather than at their first use, when it would not be known whose they are.
            foreach (var dispatcher in SimulationConfiguration.Dispatchers(options))
                System.Dispatchers.Lookup(dispatcher);
        }
        finally
        {
            t_creating = null;
        }

        _errors = new ErrorCollector(((ExtendedActorSystem)System).Provider);
        System.EventStream.Subscribe(_errors, typeof(Error));
        var root = System.ActorOf(Props.Create<RunRoot>(), ActorName.Root);
        Settle();
        _root = (ActorCell)((ActorRefWithCell)root).Underlying;
    }

    /// <summary>Whether the oldest runnable actor is taken at each step, whatever the plan says: for what is not to be explored, such as bringing something up.</summary>
    public bool IsInOrder { get; set; }

    /// <summary>Called after each step of a run: the place to look at what must always hold. Whatever it throws leaves <see cref="Step"/>.</summary>
    public Action<Simulation>? AfterStep { get; set; }

    /// <summary>The actor system. What is started in it outside <see cref="Start"/> outlives the run.</summary>
    public ActorSystem System { get; }

    /// <summary>The simulation's time, for actors that take a <see cref="TimeProvider"/>.</summary>
    public TimeProvider Time { get; }

    /// <summary>Virtual time since the run began.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>Steps of this run so far.</summary>
    public long Steps { get; private set; }

    /// <summary>The simulation whose actor system is being made on this thread.</summary>
    internal static Simulation Creating => t_creating ?? throw new SimulationException("this configuration is for an actor system that Simulation.Create makes");

    /// <summary>Whether the message on its way comes from a timer.</summary>
    internal bool IsFromTimer { get; private set; }

    /// <summary>Makes a simulation, which belongs to this thread.</summary>
    /// <exception cref="SimulationException">This version of Akka.NET or of the runtime is not the one that the simulation knows.</exception>
    public static Simulation Create(SimulationOptions? options = null) => new(options ?? new SimulationOptions());

    /// <summary>Begins a run: time, choices, faults, counters and log from their beginning.</summary>
    /// <exception cref="SimulationException">A run is going on, or one before it left its thread: then nothing that this simulation says can be relied on.</exception>
    public void Begin(RunPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        CheckThread("the caller of Begin");
        if (_plan != null)
            throw new SimulationException("a run is going on: end it first");
        ThrowIfForeign();
        _plan = plan;
        Now = TimeSpan.Zero;
        IsInOrder = false;
        Steps = _asks = 0;
        _actors.Clear();
        _errors.Errors.Clear();
        _trace = new RunTrace(plan.KeepLog);
        _schedule = SplitMix64.Stream(plan.Seed, 0);
        _early = SplitMix64.Stream(plan.Seed, 1);
        AkkaInternals.SeedRandom((int)SplitMix64.Stream(plan.Seed, 2).Next());
        _faults.Begin(plan.Faults);
    }

    /// <summary>Starts an actor of this run.</summary>
    /// <param name="props">How it is made; the form with a type and arguments is several times cheaper than the one with an expression.</param>
    /// <param name="name">Its name, unique in the run.</param>
    public IActorRef Start(Props props, string name)
    {
        RequireRun();
        return _root.ActorOf(props, name);
    }

    /// <summary>Asks an actor. The answer is there after enough steps, see <see cref="Await"/>.</summary>
    /// <typeparam name="T">The type of the answer.</typeparam>
    public Task<T> Ask<T>(IActorRef to, object message)
    {
        ArgumentNullException.ThrowIfNull(to);
        RequireRun();
        var answer = new TaskCompletionSource<T>();
        to.Tell(message, ((ExtendedActorSystem)System).Provider.CreateFutureRef(answer));
        return answer.Task;
    }

    /// <summary>Does steps until a task is finished.</summary>
    /// <returns>Its result.</returns>
    /// <exception cref="SimulationException">Nothing is left to do, and it is not.</exception>
    public T Await<T>(Task<T> task, long stepLimit = StepsToStop)
    {
        ArgumentNullException.ThrowIfNull(task);
        Drain(() => task.IsCompleted, stepLimit: stepLimit);
        if (!task.IsCompleted)
        {
            var rest = _ready.Count > 0 ? $"{_ready.Count} actors are still runnable" : "nothing is left to do";
            throw new SimulationException($"no answer after {Steps} steps at {Now}: {string.Join("; ", _errors.Errors.Prepend(rest))}");
        }

        return task.GetAwaiter().GetResult();
    }

    /// <summary>Does one step: one actor handles what the actor system has for it and one message, or a timer fires, or an Ask gets its answer.</summary>
    /// <returns>False when nothing is ready and no timer is due before the run's time is over.</returns>
    public bool Step()
    {
        CheckThread("the caller of Step");
        if (_ready.Count == 0 && !FireNextTimer())
            return false;
        var choice = _plan == null || IsInOrder ? 0 : Choose();
        if (choice < 0)
            FireNextTimer();
        var (name, work) = _ready.Take(choice < 0 ? _ready.Count - 1 : choice);
        Steps++;
        if (choice != 0)
            _trace.Choices[Steps] = choice;
        _received = null;
        Run(work);
        if (_plan == null)
            return true;
        Now += _options.StepTime;
        FireDueTimers();
        _trace.Add(Steps, Now, name, _received);
        AfterStep?.Invoke(this);
        return true;
    }

    /// <summary>Does steps until a condition holds, nothing is left to do, or a limit is reached.</summary>
    /// <param name="until">Asked before each step; null for never.</param>
    /// <param name="timeLimit">Virtual time from now; null for the run's.</param>
    /// <param name="stepLimit">Steps from now.</param>
    /// <returns>Steps done.</returns>
    public long Drain(Func<bool>? until = null, TimeSpan? timeLimit = null, long stepLimit = long.MaxValue)
    {
        var end = timeLimit is { } limit ? Now + limit : TimeSpan.MaxValue;
        var steps = 0L;
        while (steps < stepLimit && until?.Invoke() != true && (_ready.Count > 0 || (_timers.TryPeek(out var due) && due <= end)) && Now <= end && Step())
            steps++;
        return steps;
    }

    /// <summary>Ends the run: its actors are stopped, and what is left of their messages and timers is dropped.</summary>
    /// <returns>What the run was, up to here.</returns>
    /// <exception cref="SimulationException">An actor left the simulation's thread, waits for something outside it, or does not stop.</exception>
    public RunRecord End()
    {
        CheckThread("the caller of End");
        var plan = RequireRun();
        var suspended = _ready.Count > 0 ? [] : _actors.Where(actor => actor.Cell is { IsTerminated: false, Mailbox: { } mailbox } && AkkaInternals.IsSuspended(mailbox)).Select(actor => actor.Name.Text).ToArray();
        var record = new RunRecord(plan, Steps, Now, _trace.Hash, _trace.Choices, _faults.Applied, [.. _errors.Errors], _trace.Log);
        _faults.Stop();
        _timers.Clear();
        _plan = null;
        foreach (var child in _root.GetChildren())
            _root.Stop(child);
        Settle();
        _timers.Clear();
        ThrowIfForeign();
        if (suspended.Length > 0)
            throw new SimulationException($"waiting for something outside the simulation: {string.Join(", ", suspended)}");
        if (_root.GetChildren().Any())
            throw new SimulationException($"not stopped: {string.Join(", ", _root.GetChildren().Select(child => child.Path.Name))}");
        return record;
    }

    /// <summary>Terminates the actor system.</summary>
    public void Dispose()
    {
        if (_foreign != null || Environment.CurrentManagedThreadId != _thread)
            return;
        _plan = null;
        _faults.Stop();
        _ = System.Terminate();
        Settle();
    }

    /// <summary>Notes that an actor has begun to live.</summary>
    internal void Attach(ActorCell cell)
    {
        CheckThread(cell.Self.Path);
        _actors.Add(ObservedQueue.Observe(this, cell));
    }

    /// <summary>Whether a message goes to its mailbox.</summary>
    internal bool Passes(ActorCell cell, Envelope envelope)
    {
        CheckThread(cell.Self.Path);
        return _faults.Passes(cell, envelope);
    }

    /// <summary>Makes a mailbox, or whatever a dispatcher is asked to run, ready.</summary>
    internal void Enqueue(IRunnable work)
    {
        var name = work is Mailbox { MessageQueue: ObservedQueue queue } ? queue.Name : ActorName.Of($"!{work.GetType().Name}");
        CheckThread(name.Text);
        _ready.Add(Steps, name, work);
    }

    /// <summary>Makes something ready under a name.</summary>
    internal void Enqueue(ActorName name, IRunnable work)
    {
        CheckThread(name.Text);
        _ready.Add(Steps, name, work);
    }

    /// <summary>Plants a timer.</summary>
    internal void Plant(SimTimer timer, TimeSpan delay)
    {
        CheckThread(timer.Name.Text);
        _timers.Add(timer, Now + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay));
    }

    /// <summary>Notes the message of this step.</summary>
    internal void Received(Envelope envelope) => _received = envelope;

    /// <summary>Sends what a timer sends: no fault meets it.</summary>
    internal void TellFromTimer(ICanTell receiver, object message, IActorRef sender)
    {
        IsFromTimer = true;
        receiver.Tell(message, sender);
        IsFromTimer = false;
    }

    /// <summary>The number of the next Ask.</summary>
    internal long NextAsk() => ++_asks;

    /// <summary>Notes who comes from another thread, and stops him.</summary>
    internal void CheckThread(object who)
    {
        if (Environment.CurrentManagedThreadId == _thread)
            return;
        _foreign ??= $"{who}";
        throw new SimulationException($"{who} is used from another thread than the simulation's");
    }

    private RunPlan RequireRun() => _plan ?? throw new SimulationException("no run is going on: begin one first");

    private void ThrowIfForeign()
    {
        if (_foreign != null)
            throw new SimulationException($"the run left the simulation's thread at {_foreign}: an actor there uses threads, delays or I/O of its own");
    }

    private int Choose()
    {
        var timer = _timers.TryPeek(out var due) && due <= _plan!.TimeLimit && due <= Now + _plan.LongestSlowness;
        if (_plan!.Choices is { } recorded)
        {
            var choice = recorded.GetValueOrDefault(Steps + 1);
            return choice >= 0 ? choice % _ready.Count : timer ? -1 : 0;
        }

        if (timer && _plan.EarlyTimers > 0 && _early.NextDouble() < _plan.EarlyTimers)
            return -1;
        return _ready.Count == 1 ? 0 : _schedule.Next(_ready.Count);
    }

    private bool FireNextTimer()
    {
        if (!_timers.TryPeek(out var due) || (_plan != null && due > _plan.TimeLimit))
            return false;
        Now = due > Now ? due : Now;
        FireDueTimers();
        return true;
    }

    private void FireDueTimers()
    {
        while (_timers.TakeDue(Now) is { } timer)
            _ready.Add(Steps, timer.Name, timer);
    }

    private void Settle()
    {
        for (var steps = 0L; _ready.Count > 0; steps++)
        {
            if (steps == StepsToStop)
                throw new SimulationException($"the actor system does not come to rest within {StepsToStop} steps");
            Step();
        }
    }

    // A synchronization context would take what follows an await away from the actor that awaits.
    private static void Run(IRunnable work)
    {
        var context = SynchronizationContext.Current;
        if (context != null)
            SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            work.Run();
        }
        finally
        {
            if (context != null)
                SynchronizationContext.SetSynchronizationContext(context);
        }
    }
}
