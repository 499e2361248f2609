using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace Emulator.Simulations.Engine;

/// <summary>The actor system's scheduler over virtual time. Named in the configuration as <c>akka.scheduler.implementation</c>.</summary>
public sealed class SimScheduler : SchedulerBase
{
    private readonly Simulation _simulation;

    /// <summary>Made by the actor system.</summary>
    public SimScheduler(Config config, ILoggingAdapter log)
        : base(config, log) => _simulation = Simulation.Creating;

    /// <inheritdoc/>
    public override TimeSpan MonotonicClock => _simulation.Now;

    /// <inheritdoc/>
    public override TimeSpan HighResMonotonicClock => _simulation.Now;

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => _simulation.Time.GetUtcNow();

    /// <inheritdoc/>
    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        PlantTell(delay, null, receiver, message, sender, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        PlantTell(initialDelay, interval, receiver, message, sender, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Plant(delay, null, "action", action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable)
    {
        if (delay != SimDispatcher.NeverShutDown)
            Plant(delay, null, "action", action.Run, cancelable);
    }

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) => Plant(initialDelay, interval, "action", action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) =>
        Plant(initialDelay, interval, "action", action.Run, cancelable);

    private void PlantTell(TimeSpan delay, TimeSpan? interval, ICanTell receiver, object message, IActorRef sender, ICancelable? cancelable) =>
        Plant(delay, interval, $"{ActorName.Of(receiver as IActorRef).Text}:{message.GetType().Name}", () => _simulation.TellFromTimer(receiver, message, sender), cancelable);

    private void Plant(TimeSpan delay, TimeSpan? interval, string name, Action fire, ICancelable? cancelable) =>
        _simulation.Plant(new SimTimer(ActorName.Of($"!{name}"), fire, interval, cancelable), delay);
}
