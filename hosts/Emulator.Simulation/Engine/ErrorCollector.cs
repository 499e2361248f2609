using Akka.Actor;
using Akka.Event;

namespace Emulator.Simulations.Engine;

/// <summary>Hears the errors that the actor system logs, in the step in which they happen.</summary>
internal sealed class ErrorCollector(IActorRefProvider provider) : MinimalActorRef
{
    public List<string> Errors { get; } = [];

    public override ActorPath Path { get; } = provider.RootPath / "errors";

    public override IActorRefProvider Provider => provider;

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (message is Error { Cause: var cause } error)
            Errors.Add(cause == null ? $"{error.Message}" : $"{cause.GetBaseException().GetType().Name}: {cause.GetBaseException().Message}");
    }
}
