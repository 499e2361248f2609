namespace Emulator.Actors.Coordination;

/// <summary>What goes on with a group.</summary>
internal enum LanePhase
{
    /// <summary>Nothing.</summary>
    Idle,

    /// <summary>It waits for its turn.</summary>
    Ready,

    /// <summary>A change is being journalled as decided.</summary>
    Deciding,

    /// <summary>The host has been told.</summary>
    Told,

    /// <summary>The outcome is being journalled.</summary>
    Ending,
}
