using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Replay.Host;

/// <summary>A device of the trace.</summary>
/// <param name="device">The device as our driver knows it.</param>
/// <param name="group">Number of its group.</param>
public sealed class ReplayDevice(DmaDevice device, int group)
{
    /// <summary>The device as our driver knows it.</summary>
    public DmaDevice Device { get; } = device;

    /// <summary>Number of its group.</summary>
    public int Group { get; } = group;

    /// <summary>What it is attached to; null before the first attach.</summary>
    public ReplayDomain? Domain { get; set; }
}
