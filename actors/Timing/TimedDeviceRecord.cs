using Emulator.Actors.Devices;
using Emulator.Telemetry;

namespace Emulator.Actors.Timing;

/// <summary>What a device's DMAs took. Writer: the device's actor; read when its workload has ended.</summary>
internal sealed class TimedDeviceRecord
{
    /// <summary>From issue until done, of DMAs that were completed.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>What the operations of its program took. Writer: the translation actor.</summary>
    public LatencyHistogram Operations { get; } = new();

    public void Add(DmaBatch batch)
    {
        var latencies = batch.Latencies.AsSpan(0, batch.Count);
        for (var i = 0; i < latencies.Length; i++)
        {
            if (batch.Completions[i].Status == Hardware.Dma.DmaStatus.Completed)
                Latencies.Record(latencies[i]);
        }
    }
}
