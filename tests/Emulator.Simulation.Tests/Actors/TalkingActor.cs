using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Sends the numbers from 0 to somebody, all at once, when it is told how many.</summary>
internal sealed class TalkingActor : ReceiveActor
{
    public TalkingActor(IActorRef listener) => Receive<int>(count =>
    {
        for (var number = 0; number < count; number++)
            listener.Tell(number);
    });
}
