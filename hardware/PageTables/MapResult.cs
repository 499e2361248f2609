using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.PageTables;

/// <summary>The result of a map call.</summary>
/// <param name="Errno">The error, or <see cref="Errno.None"/>.</param>
/// <param name="Mapped">Bytes mapped; may be less than asked for without an error, and more than zero with one.</param>
/// <param name="Warnings">Kernel warnings (WARN) that the real code raises in this call.</param>
public readonly record struct MapResult(Errno Errno, ulong Mapped, int Warnings = 0);
