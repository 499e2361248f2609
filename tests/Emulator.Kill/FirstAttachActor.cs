using Akka.Actor;
using Emulator.Actors.Ownership;

namespace Emulator.Kill;

/// <summary>Says when each group is attached for the first time since the start, and that it is too early while there is no coordinator yet.</summary>
internal sealed class FirstAttachActor : ReceiveActor
{
    private readonly HashSet<int> _attached = [];
    private bool _mayAttach;

    public FirstAttachActor()
    {
        Receive<MayAttach>(may =>
        {
            _mayAttach = true;
            Sender.Tell(may);
        });
        Receive<OwnershipChanged>(changed =>
        {
            if (changed.State is OwnershipState.Attaching or OwnershipState.Attached && _attached.Add(changed.Group))
                KillChild.Say(new KillLine(_mayAttach ? KillLine.First : KillLine.Early, "-", changed.Group, changed.Granted.Value, changed.Epoch.Value));
        });
    }

    /// <summary>The coordinator begins: from now on groups may be attached. Answered with itself.</summary>
    internal sealed record MayAttach;
}
