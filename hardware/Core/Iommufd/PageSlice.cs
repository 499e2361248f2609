namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A part of a buffer that is to become an area.</summary>
/// <param name="Pages">The buffer.</param>
/// <param name="Start">First byte.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct PageSlice(IoPages Pages, ulong Start, ulong Length);
