using Akka.Actor;

namespace Emulator.Simulations.Engine;

/// <summary>Waits for the answer to an Ask. The answer is a step of its own, so others may come before it, and who waits goes on in that step.</summary>
internal sealed class SimFutureRef<T> : FutureActorRef<T>, ISimFutureRef
{
    private readonly Simulation _simulation;
    private readonly Task<T> _answer;

    public SimFutureRef(Simulation simulation, TaskCompletionSource<T> result, ActorPath path, IActorRefProvider provider)
        : base(result, path, provider)
    {
        _simulation = simulation;
        _answer = result.Task;
        Name = ActorName.Of($"?{path.Name}");
        AkkaInternals.RunContinuationsInPlace(_answer);
    }

    public ActorName Name { get; }

    public void TakeTimeout()
    {
        if (AkkaInternals.TakeTimeout(_answer) is var (limit, cancellation))
            _simulation.Plant(new SimTimer(ActorName.Of($"!{Path.Name}"), () => End(cancellation)), limit);
    }

    protected override void TellInternal(object message, IActorRef sender) =>
        _simulation.Enqueue(Name, new SimTimer(Name, () =>
        {
            _simulation.Received(new Envelope(message, sender));
            base.TellInternal(message, sender);
        }));

    private void End(CancellationTokenSource cancellation)
    {
        // An Ask that has been answered has disposed of it.
        if (!_answer.IsCompleted)
            cancellation.Cancel();
    }
}
