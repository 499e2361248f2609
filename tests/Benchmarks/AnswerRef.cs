using Akka.Actor;

namespace Emulator.Benchmarks;

/// <summary>Receives an answer for a thread that waits for it.</summary>
internal sealed class AnswerRef(ActorSystem system) : MinimalActorRef
{
    private readonly SemaphoreSlim _answers = new(0);

    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / "benchmark-answer";

    public override IActorRefProvider Provider { get; } = ((ExtendedActorSystem)system).Provider;

    /// <summary>Waits for one answer.</summary>
    public void Wait() => _answers.Wait();

    protected override void TellInternal(object message, IActorRef sender) => _answers.Release();
}
