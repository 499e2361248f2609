namespace Emulator.Hardware.Dma;

/// <summary>
/// A fault that the silicon recorded (in registers, an event queue or a log), in the shape common to all IOMMUs. A silent abort leaves none.
/// </summary>
/// <param name="Stream">Whose DMA it was.</param>
/// <param name="Iova">The address as the silicon reports it (some report the page only).</param>
/// <param name="Access">The direction.</param>
/// <param name="Reason">Why, in common terms.</param>
/// <param name="Code">Why, as that silicon numbers it.</param>
/// <param name="Pasid">The PASID or SubstreamID that the record names; -1 when it names none.</param>
public readonly record struct FaultRecord(StreamId Stream, Iova Iova, DmaAccess Access, FaultReason Reason, ushort Code, int Pasid = -1);
