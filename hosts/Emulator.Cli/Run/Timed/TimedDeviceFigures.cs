using Emulator.Actors.Timing;

namespace Emulator.Cli.Run.Timed;

/// <summary>What one device did in virtual time.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Dmas">DMAs that it sent.</param>
/// <param name="Bytes">Bytes of those that were completed.</param>
/// <param name="DmaPerSecond">DMAs per second, until its last one was done.</param>
/// <param name="BytesPerSecond">Bytes per second, until then.</param>
/// <param name="Latency">How long DMAs took, from issue until done; of those that were completed.</param>
/// <param name="Problem">Why its program could not go on; null when it did.</param>
/// <param name="Program">What its program did; null for a device without one.</param>
public sealed record TimedDeviceFigures(
    string Name, long Dmas, long Bytes, double DmaPerSecond, double BytesPerSecond, LatencyFigures Latency, string? Problem, ProgramFigures? Program)
{
    /// <summary>Those of a device.</summary>
    public static TimedDeviceFigures Of(TimedDeviceReport device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new TimedDeviceFigures(
            device.Device,
            device.Dmas,
            device.Bytes,
            VirtualFigures.PerSecond(device.Dmas, device.Elapsed),
            VirtualFigures.PerSecond(device.Bytes, device.Elapsed),
            LatencyFigures.Of(device.Latencies),
            device.Problem,
            ProgramFigures.Of(device.Program is { } program ? [program] : []));
    }
}
