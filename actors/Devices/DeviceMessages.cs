using Emulator.Actors.Ownership;

namespace Emulator.Actors.Devices;

/// <summary>The conversation between a host and its devices.</summary>
internal static class DeviceMessages
{
    /// <summary>To a device: begin the workload.</summary>
    /// <param name="Epoch">The epoch of its group.</param>
    public sealed record Start(Epoch Epoch);

    /// <summary>To a device: send no more.</summary>
    public sealed record Stop;

    /// <summary>From a device: nothing left to send, all answers are here.</summary>
    public sealed record Finished(int Device);
}
