using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Devices;

/// <summary>A recorded device: the calls of the DMA API that its driver made, in their order and on their CPUs. What is mapped is read or written once, from its beginning to its end, as its direction
/// says; memory that device and driver share for long is not. [model]</summary>
public sealed record ReplayProgram : DeviceProgram
{
    /// <summary>Where the recording is from: the name of its file.</summary>
    public required string Source { get; init; }

    /// <summary>The calls, in the order in which they took effect.</summary>
    public required IReadOnlyList<ReplayCall> Calls { get; init; }

    /// <summary>CPUs that call.</summary>
    public required int RecordedCpus { get; init; }

    /// <summary>Whether the domain was lazy when it was recorded.</summary>
    public required bool WasLazy { get; init; }

    /// <summary>What the recorded kernel did for all the recording's devices.</summary>
    public required ReplayCounts Recorded { get; init; }

    /// <summary>Addresses that are never given out, each from its first to its last byte.</summary>
    public IReadOnlyList<(ulong First, ulong Last)> Reserved { get; init; } = [];

    /// <summary>Whether calls come at the times of the recording; else each as soon as the one before it is done, an unmap when the device has finished.</summary>
    public bool KeepsPace { get; init; } = true;

    /// <summary>How often the recording is played, at least 1. What is mapped at its end is unmapped before it begins again.</summary>
    public int Loops { get; init; } = 1;

    /// <inheritdoc/>
    public override string Kind => "replay";

    /// <inheritdoc/>
    public override string Operation => "mapping";

    /// <inheritdoc/>
    public override int Cpus => RecordedCpus;

    /// <inheritdoc/>
    public override ulong Pages(ulong pageSize) => 1;

    /// <inheritdoc/>
    public override IEnumerable<ScatterSegment> OwnMemory => Calls.SelectMany(call => call.Memory);

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        Check("loops", Loops, 1, 1_000_000);
        Check("CPUs", RecordedCpus, 1, 4096);
    }

    /// <inheritdoc/>
    public override DmaMappingOptions MappingOptions(DmaMode mode) =>
        base.MappingOptions(mode) with { Reserved = Reserved, FlushQueue = new FlushQueueOptions { HasTimer = !FlushesAsRecorded(mode) } };

    /// <summary>Whether the queue is flushed when the recorded one was: what delayed that is not in the recording. A recording of another mode, or one played at another pace, has flushes by our timer.</summary>
    public bool FlushesAsRecorded(DmaMode mode) => mode == DmaMode.Lazy && WasLazy && KeepsPace;

    /// <inheritdoc/>
    public override DeviceAgent Create(DeviceContext context) => new ReplayAgent(this, context);
}
