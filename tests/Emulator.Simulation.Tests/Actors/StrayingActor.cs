using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Breaks the rules: sends from a thread of the pool, or waits for something that no step brings.</summary>
internal sealed class StrayingActor : ReceiveActor
{
    public StrayingActor()
    {
        Receive<int>(number =>
        {
            var self = Self;
            var sending = Task.Run(() => self.Tell("from elsewhere"));
            _ = Task.WhenAny(sending).GetAwaiter().GetResult();
        });
        ReceiveAsync<bool>(_ => new TaskCompletionSource().Task);
    }
}
