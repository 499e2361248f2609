using Akka.Actor;
using Akka.Dispatch;

namespace Emulator.Simulations.Engine;

/// <summary>Something that happens at a virtual time, once or again and again. Once it is due it is a step like any other.</summary>
/// <param name="name">By what it is ordered among those due at the same time.</param>
/// <param name="fire">What happens.</param>
/// <param name="interval">From one time to the next; null for once.</param>
/// <param name="cancelable">Who may call it off; null when nobody.</param>
internal sealed class SimTimer(ActorName name, Action fire, TimeSpan? interval = null, ICancelable? cancelable = null) : IRunnable
{
    private bool _cancelled;

    public ActorName Name => name;

    public TimeSpan? Interval => interval;

    public bool IsDead => _cancelled || cancelable is { IsCancellationRequested: true };

    public void Cancel() => _cancelled = true;

    public void Run()
    {
        if (!IsDead)
            fire();
    }

    public void Execute() => Run();
}
