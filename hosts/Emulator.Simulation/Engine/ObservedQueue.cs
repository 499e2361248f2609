using Akka.Actor;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Emulator.Simulations.Engine;

/// <summary>Stands before an actor's message queue and notes what is taken from it; the queue itself, whatever it is, stays as it is.</summary>
internal class ObservedQueue(Simulation simulation, ActorCell cell, IMessageQueue queue) : IMessageQueue
{
    public ActorName Name { get; } = ActorName.Of(cell.Self.Path);

    public ActorCell Cell { get; } = cell;

    public bool HasMessages => Queue.HasMessages;

    public int Count => Queue.Count;

    protected IMessageQueue Queue { get; } = queue;

    /// <summary>Puts one before the queue of an actor's mailbox.</summary>
    public static ObservedQueue Observe(Simulation simulation, ActorCell cell)
    {
        ref var queue = ref AkkaInternals.MessageQueue(cell.Mailbox!);
        var observed = queue is IDequeBasedMessageQueueSemantics ? new ObservedDeque(simulation, cell, queue) : new ObservedQueue(simulation, cell, queue);
        queue = observed;
        return observed;
    }

    public void Enqueue(IActorRef receiver, Envelope envelope) => Queue.Enqueue(receiver, envelope);

    public bool TryDequeue(out Envelope envelope)
    {
        if (!Queue.TryDequeue(out envelope))
            return false;
        simulation.Received(envelope);
        return true;
    }

    public void CleanUp(IActorRef owner, IMessageQueue deadletters) => Queue.CleanUp(owner, deadletters);

    /// <summary>The same before a queue that takes back what an actor had stashed.</summary>
    private sealed class ObservedDeque(Simulation simulation, ActorCell cell, IMessageQueue queue) : ObservedQueue(simulation, cell, queue), IDequeBasedMessageQueueSemantics
    {
        public void EnqueueFirst(Envelope envelope) => ((IDequeBasedMessageQueueSemantics)Queue).EnqueueFirst(envelope);
    }
}
