using Emulator.Hardware.DmaApi;

namespace Emulator.Hardware.Devices;

/// <summary>A call of the DMA API that was recorded.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Time">When, in picoseconds since the beginning of the recording.</param>
/// <param name="Cpu">The CPU that called.</param>
/// <param name="Buffer">Which buffer: a number that a map and its unmap have in common.</param>
/// <param name="Direction">Which way data goes.</param>
/// <param name="Memory">The memory, in parts that are contiguous.</param>
/// <param name="Offset">Where in its first page the memory begins.</param>
/// <param name="Size">Bytes, as they were asked for.</param>
/// <param name="ReclaimedByOwner">For the end of a flush: the CPUs, bit by bit, that took their addresses back themselves.</param>
public sealed record ReplayCall(
    ReplayCallKind Kind, long Time, int Cpu, int Buffer, DmaDirection Direction, IReadOnlyList<ScatterSegment> Memory, ulong Offset, ulong Size, ulong ReclaimedByOwner);
