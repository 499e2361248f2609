using Akka.Actor;

namespace Emulator.Benchmarks;

/// <summary>Receives an answer for a thread that waits for it.</summary>
internal sealed class AnswerRef(ActorSystem system) : MinimalActorRef
{
    private int _answers;

    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "benchmark-answer";

    public override IActorRefProvider Provider { get; } = ((ExtendedActorSystem)system).Provider;

    /// <summary>Waits for one answer, without giving up the processor: how long a sleeping thread takes to wake up while all processors are busy is not asked for.</summary>
    public void Wait()
    {
        while (Volatile.Read(ref _answers) == 0)
            Thread.SpinWait(16);
        Interlocked.Decrement(ref _answers);
    }

    protected override void TellInternal(object message, IActorRef sender) => Interlocked.Increment(ref _answers);
}
