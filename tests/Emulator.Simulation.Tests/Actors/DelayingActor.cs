using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Waits as long as it is told and says when it is.</summary>
internal sealed class DelayingActor : ReceiveActor
{
    public DelayingActor(TimeProvider time) => ReceiveAsync<TimeSpan>(async delay =>
    {
        await Task.Delay(delay, time);
        Sender.Tell(time.GetUtcNow());
    });
}
