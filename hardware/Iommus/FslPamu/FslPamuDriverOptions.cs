namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>What firmware says of caches that DMA can be stashed into.</summary>
public sealed record FslPamuDriverOptions
{
    /// <summary>The stash id of each CPU's first-level cache, 0 to 0xff.</summary>
    public IReadOnlyList<uint> StashIds { get; init; } = [0x10, 0x20];

    /// <summary>The stash id of the platform cache, which the queue manager's entries get at boot.</summary>
    public uint QueueStashId { get; init; } = 0x40;
}
