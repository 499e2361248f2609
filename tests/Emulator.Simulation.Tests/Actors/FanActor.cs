using Akka.Actor;

namespace Emulator.Simulations.Tests.Actors;

/// <summary>Has children, and stops all of them at once: in the order of a hash table.</summary>
internal sealed class FanActor : UntypedActor
{
    public FanActor(int children)
    {
        for (var child = 0; child < children; child++)
            Context.ActorOf(Props.Create<CountingActor>(), $"child-{child}");
    }

    protected override void OnReceive(object message)
    {
        foreach (var child in Context.GetChildren())
            Context.Stop(child);
    }
}
