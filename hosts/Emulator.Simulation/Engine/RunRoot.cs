using Akka.Actor;

namespace Emulator.Simulations.Engine;

/// <summary>The parent of a run's actors; restarts those that crash, as the user guardian does.</summary>
internal sealed class RunRoot : UntypedActor
{
    protected override void OnReceive(object message)
    {
    }
}
