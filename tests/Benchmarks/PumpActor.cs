using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;

namespace Emulator.Benchmarks;

/// <summary>Keeps a translation actor of its own busy: sends each batch again as soon as it is answered.</summary>
internal sealed class PumpActor : UntypedActor
{
    private readonly IActorRef _translation;
    private int _left;
    private int _inFlight;
    private TaskCompletionSource? _done;

    public PumpActor(EmulatedHost host) =>
        _translation = Context.ActorOf(new HostProps("emulator.pinned-dispatcher").Translation(host, Self, ActorRefs.Nobody));

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DmaBatch batch:
                _inFlight--;
                if (_left > 0)
                    Send(batch);
                else if (_inFlight == 0)
                    _done?.SetResult();
                break;
            case Run run:
                (_left, _done) = (run.Count, run.Done);
                foreach (var batch in run.Batches)
                    Send(batch);
                break;
        }
    }

    private void Send(DmaBatch batch)
    {
        _left--;
        _inFlight++;
        _translation.Tell(batch, ActorRefs.NoSender);
    }

    /// <param name="Batches">What circulates.</param>
    /// <param name="Count">Batches to send in all.</param>
    /// <param name="Done">Told at the end.</param>
    internal sealed record Run(IReadOnlyList<DmaBatch> Batches, int Count, TaskCompletionSource Done);
}
