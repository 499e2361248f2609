using Emulator.Actors.Ownership;
using Emulator.Hardware.Dma;

namespace Emulator.Actors.Devices;

/// <summary>The conversation between a host and its devices.</summary>
internal static class DeviceMessages
{
    /// <summary>To a device: begin the workload.</summary>
    /// <param name="Epoch">The epoch of its group.</param>
    public sealed record Start(Epoch Epoch);

    /// <summary>To a device: send no more.</summary>
    public sealed record Stop;

    /// <summary>To a device: send this DMA besides the workload, as one batch. Answer: the <see cref="DmaBatch"/>, which the sender owns from then on.</summary>
    /// <param name="Epoch">The epoch of its group.</param>
    /// <param name="Requests">The DMA; whose stream it carries, and its tags, are the device's affair.</param>
    public sealed record Send(Epoch Epoch, IReadOnlyList<DmaRequest> Requests);

    /// <summary>From a device: nothing left to send, all answers are here.</summary>
    public sealed record Finished(int Device);
}
