namespace Emulator.Cli.Replay.Alignment;

/// <summary>How the two clocks of a recording are aligned. Times in microseconds.</summary>
public sealed record AlignmentOptions
{
    /// <summary>Added to both ends of every window: the resolution of the time stamps and the time between an effect and its time stamp.</summary>
    public long Slack { get; init; } = 5;

    /// <summary>Pairs on each side of a request among which the shortest way from submission to execution is looked for.</summary>
    public int Neighbours { get; init; } = 8;

    /// <summary>A step of the offset larger than this is a machine that was stopped, not a command that took long.</summary>
    public long Stop { get; init; } = 10_000;

    /// <summary>In a sparse pairing, the largest difference of an offset from the median.</summary>
    public long MaxDeviation { get; init; } = 1_000_000;

    /// <summary>How far one side's invalidations may be out of order against the other's: several CPUs submit at once.</summary>
    public int Lookahead { get; init; } = 64;
}
