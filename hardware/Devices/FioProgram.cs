namespace Emulator.Hardware.Devices;

/// <summary>An NVMe drive at which the jobs of an fio job file are at work: each has a queue pair to itself.</summary>
/// <param name="Jobs">The jobs, 1 to <see cref="NvmeDrive.MaxQueues"/>.</param>
public sealed record FioProgram(IReadOnlyList<NvmeQueue> Jobs) : NvmeDrive
{
    /// <inheritdoc/>
    public override string Kind => "fio";

    /// <inheritdoc/>
    public override IReadOnlyList<NvmeQueue> QueuePairs => Jobs;
}
