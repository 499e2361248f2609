namespace Emulator.Actors.Devices;

/// <summary>In which order a device visits its buffer.</summary>
public enum AccessPattern
{
    /// <summary>Anywhere in the buffer, from the workload's seed.</summary>
    Random,

    /// <summary>From the start to the end, and again.</summary>
    Sequential,
}
