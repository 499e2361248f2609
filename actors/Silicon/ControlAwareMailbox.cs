using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Emulator.Actors.Silicon;

/// <summary>The mailbox of a translation actor: control messages overtake the DMA that waits in it. Named in the configuration as <c>mailbox-type</c>.</summary>
public sealed class ControlAwareMailbox : MailboxType
{
    /// <summary>Made by the actor system.</summary>
    public ControlAwareMailbox(Settings settings, Config config)
        : base(settings, config)
    {
    }

    /// <inheritdoc/>
    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new ControlAwareMessageQueue();
}
