using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Asks somebody who never answers, and tells how that ended.</summary>
internal sealed class AskingActor : ReceiveActor
{
    public AskingActor(TimeSpan limit) => ReceiveAsync<string>(async question =>
    {
        var silent = Context.ActorOf(Props.Create<CountingActor>(), "silent");
        var sender = Sender;
        try
        {
            await silent.Ask<string>(1, limit);
        }
        catch (AskTimeoutException error)
        {
            sender.Tell(error.GetType().Name);
        }
    });
}
