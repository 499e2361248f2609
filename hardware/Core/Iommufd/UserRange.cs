namespace Emulator.Hardware.Core.Iommufd;

/// <summary>A piece of a user's buffer.</summary>
/// <param name="Physical">Where it lies in memory; null is a hole: nothing is mapped there in the process.</param>
/// <param name="Length">Bytes, at least 1.</param>
/// <param name="Writable">Whether the process may write to it.</param>
public readonly record struct UserRange(ulong? Physical, ulong Length, bool Writable = true);
