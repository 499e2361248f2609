namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>What firmware and time decide for the driver.</summary>
public sealed record RockchipDriverOptions
{
    /// <summary>Register banks of each instance, at least 1 (a decoder has one for its reads and one for its writes).</summary>
    public int Banks { get; init; } = 1;

    /// <summary>The device-tree property rockchip,disable-mmu-reset.</summary>
    public bool ResetDisabled { get; init; }

    /// <summary>Reads of a poll before it times out.</summary>
    public int PollReads { get; init; } = 5;
}
