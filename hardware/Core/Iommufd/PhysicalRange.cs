namespace Emulator.Hardware.Core.Iommufd;

/// <summary>Memory without a gap.</summary>
/// <param name="Address">First byte.</param>
/// <param name="Length">Bytes, at least 1.</param>
public readonly record struct PhysicalRange(ulong Address, ulong Length);
