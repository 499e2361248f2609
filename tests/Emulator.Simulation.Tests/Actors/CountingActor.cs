using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Counts the numbers that it is sent.</summary>
internal sealed class CountingActor : ReceiveActor
{
    private int _count;

    public CountingActor()
    {
        Receive<int>(_ => _count++);
        Receive<string>(_ => Sender.Tell(_count));
    }
}
