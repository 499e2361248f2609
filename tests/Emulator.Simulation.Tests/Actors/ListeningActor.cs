using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Keeps the numbers that it hears.</summary>
internal sealed class ListeningActor : ReceiveActor
{
    public ListeningActor(List<int> heard) => Receive<int>(heard.Add);
}
