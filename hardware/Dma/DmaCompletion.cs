using Emulator.Hardware.Memory;

namespace Emulator.Hardware.Dma;

/// <summary>The answer to one <see cref="DmaRequest"/>.</summary>
/// <param name="Address">Where it landed; valid when <see cref="DmaStatus.Completed"/>.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Tag">The request's tag.</param>
public readonly record struct DmaCompletion(PhysicalAddress Address, DmaStatus Status, ushort Tag);
