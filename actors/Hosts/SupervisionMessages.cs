namespace Emulator.Actors.Hosts;

/// <summary>The conversation about crashes.</summary>
public static class SupervisionMessages
{
    /// <summary>Makes an actor of a host crash: the answer is <see cref="ChildRestarted"/> to the host, not to the sender.</summary>
    /// <param name="Kind">Which kind of actor.</param>
    /// <param name="Index">Which of that kind: the group, device or tenant (0 for the first); 0 where there is one.</param>
    public sealed record CrashActor(ActorKind Kind, int Index = 0);

    /// <summary>An actor of the host has crashed and begins again.</summary>
    /// <param name="Kind">Which kind of actor.</param>
    /// <param name="Index">Which of that kind.</param>
    public sealed record ChildRestarted(ActorKind Kind, int Index);
}
