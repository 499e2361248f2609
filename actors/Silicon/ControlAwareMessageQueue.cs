using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Emulator.Actors.Silicon;

/// <summary>Two lanes in one queue: a message of the control lane leaves before any of the data lane. Each lane keeps its own order; between
/// lanes there is none, so nobody may conclude from "sent earlier" to "handled earlier" across them.</summary>
/// <remarks>Any number of threads may enqueue, one dequeues. Neither lane has a limit of its own: the credits of the devices bound the data lane.</remarks>
internal sealed class ControlAwareMessageQueue : IMessageQueue, IUnboundedMessageQueueSemantics
{
    private readonly ConcurrentQueue<Envelope> _control = new();
    private readonly ConcurrentQueue<Envelope> _data = new();

    public bool HasMessages => !_control.IsEmpty || !_data.IsEmpty;

    public int Count => _control.Count + _data.Count;

    public void Enqueue(IActorRef receiver, Envelope envelope) => (envelope.Message is IDataLane ? _data : _control).Enqueue(envelope);

    public bool TryDequeue(out Envelope envelope) => _control.TryDequeue(out envelope) || _data.TryDequeue(out envelope);

    public void CleanUp(IActorRef owner, IMessageQueue deadletters)
    {
        while (TryDequeue(out var envelope))
            deadletters.Enqueue(owner, envelope);
    }
}
