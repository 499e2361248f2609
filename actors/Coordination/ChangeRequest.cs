using Akka.Actor;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Coordination;

/// <summary>Changes that were asked for in one message: answered together.</summary>
internal sealed class ChangeRequest(IActorRef requester, int count)
{
    private readonly ChangeOutcome[] _outcomes = new ChangeOutcome[count];
    private int _left = count;

    public void End(int index, ChangeOutcome outcome)
    {
        _outcomes[index] = outcome;
        if (--_left == 0)
            requester.Tell(new ChangesEnded(_outcomes));
    }
}
