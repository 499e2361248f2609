using Akka.Actor;

namespace Emulator.TestKit.Tests;

/// <summary>Answers with what it is told, when that is text.</summary>
internal sealed class EchoActor : ReceiveActor
{
    public EchoActor() => Receive<string>(text => Sender.Tell(text));
}
