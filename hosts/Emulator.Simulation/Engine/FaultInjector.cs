using Akka.Actor;
using Emulator.Simulations.Faults;

namespace Emulator.Simulations.Engine;

/// <summary>Lets messages meet their faults on the way to the mailbox, during a run that has any.</summary>
internal sealed class FaultInjector(Simulation simulation)
{
    private readonly Dictionary<(string Sender, string Receiver), int> _sent = [];
    private readonly Dictionary<(string Sender, string Receiver), Queue<(TimeSpan Due, ActorCell Cell, Envelope Envelope)>> _held = [];

    public IMessageFaults? Faults { get; private set; }

    public List<AppliedFault> Applied { get; private set; } = [];

    /// <summary>Begins anew, with these or without any.</summary>
    public void Begin(IMessageFaults? faults)
    {
        Faults = faults;
        Applied = [];
        _sent.Clear();
        _held.Clear();
    }

    /// <summary>From now on all messages pass; what is held never arrives.</summary>
    public void Stop()
    {
        Faults = null;
        _held.Clear();
    }

    /// <summary>Whether a message goes to its mailbox now.</summary>
    public bool Passes(ActorCell cell, Envelope envelope)
    {
        if (Faults == null || simulation.IsFromTimer || envelope.Message is IAutoReceivedMessage)
            return true;
        var sender = ActorName.Of(envelope.Sender);
        if (sender == ActorName.None || sender.IsAsk)
            return true;
        var pair = (Sender: sender.Text, Receiver: ActorName.Of(cell.Self).Text);
        var nth = _sent[pair] = _sent.GetValueOrDefault(pair, -1) + 1;
        var fault = Faults.Decide(pair.Sender, pair.Receiver, envelope.Message, nth);
        if (fault.Kind != MessageFaultKind.None)
            Applied.Add(new AppliedFault(pair.Sender, pair.Receiver, nth, fault));
        switch (fault.Kind)
        {
            case MessageFaultKind.Drop:
                return false;
            case MessageFaultKind.Delay:
                DeliverLater(cell, envelope, fault.Delay);
                return false;
            case MessageFaultKind.Duplicate:
                DeliverLater(cell, envelope, fault.Delay);
                break;
        }

        var waiting = _held.GetValueOrDefault(pair);
        if (fault.Kind != MessageFaultKind.DelayInOrder && waiting is not { Count: > 0 })
            return true;
        if (waiting == null)
            _held[pair] = waiting = new();
        var due = simulation.Now + (fault.Kind == MessageFaultKind.DelayInOrder ? fault.Delay : TimeSpan.Zero);
        waiting.Enqueue((waiting.Count > 0 && waiting.Last().Due > due ? waiting.Last().Due : due, cell, envelope));
        if (waiting.Count == 1)
            ReleaseLater(waiting);
        return false;
    }

    private static void Deliver(ActorCell cell, Envelope envelope) => ((SimDispatcher)cell.Dispatcher).Deliver(cell, envelope);

    private void DeliverLater(ActorCell cell, Envelope envelope, TimeSpan delay) =>
        simulation.Plant(new SimTimer(ActorName.Of($"!{ActorName.Of(cell.Self).Text}:{envelope.Message.GetType().Name}"), () => Deliver(cell, envelope)), delay);

    // One timer for a pair: those of several could be taken in another order.
    private void ReleaseLater(Queue<(TimeSpan Due, ActorCell Cell, Envelope Envelope)> waiting)
    {
        var (due, first, _) = waiting.Peek();
        simulation.Plant(new SimTimer(ActorName.Of($"!{ActorName.Of(first.Self).Text}"), () => Release(waiting)), due - simulation.Now);
    }

    private void Release(Queue<(TimeSpan Due, ActorCell Cell, Envelope Envelope)> waiting)
    {
        while (waiting.TryPeek(out var next) && next.Due <= simulation.Now)
        {
            waiting.Dequeue();
            Deliver(next.Cell, next.Envelope);
        }

        if (waiting.Count > 0)
            ReleaseLater(waiting);
    }
}
