namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Input addresses that a device cannot have mapped freely.</summary>
/// <param name="Range">The addresses.</param>
/// <param name="Type">Why.</param>
public readonly record struct ReservedRegion(IovaRange Range, ReservedRegionType Type = ReservedRegionType.Reserved);
