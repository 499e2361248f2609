namespace Emulator.Actors.Isolation;

/// <summary>The answers that one device got.</summary>
internal struct DeviceTally
{
    public long Dmas;

    public long Completed;

    public long Aborted;

    public long Stalled;

    public long Stale;
}
