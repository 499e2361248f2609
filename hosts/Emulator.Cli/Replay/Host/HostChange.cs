namespace Emulator.Cli.Replay.Host;

/// <summary>Which requests an event of the trace can have changed the answer to.</summary>
/// <param name="First">First input address.</param>
/// <param name="Last">Last input address; below <paramref name="First"/> when none.</param>
public readonly record struct HostChange(ulong First, ulong Last)
{
    /// <summary>No request.</summary>
    public static HostChange None => new(1, 0);

    /// <summary>Any request.</summary>
    public static HostChange Everything => new(0, ulong.MaxValue);

    /// <summary>Whether a request to an address can be answered otherwise now.</summary>
    public bool Affects(ulong iova, ulong offsetMask) => First <= Last && (iova | offsetMask) >= First && (iova & ~offsetMask) <= Last;
}
