namespace Emulator.Actors.Coordination;

/// <summary>What has become of a change of owner.</summary>
public enum ChangeResult
{
    /// <summary>The group has the owner that was asked for, or is blocked as asked for. Journalled.</summary>
    Completed,

    /// <summary>The host could not do it; where the group's attach or block failed, it belongs to nobody. Journalled.</summary>
    Failed,

    /// <summary>Nothing was begun and nothing was journalled: what it names is not there, or the queue is full. It may be asked for again under its id.</summary>
    Refused,
}
