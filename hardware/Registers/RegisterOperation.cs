namespace Emulator.Hardware.Registers;

/// <summary>One access to a register file, as an observer sees it.</summary>
/// <param name="IsWrite">Write or read.</param>
/// <param name="Offset">Byte offset in the register file.</param>
/// <param name="Width">Bytes, 4 or 8.</param>
/// <param name="Value">The value written, or the value that the read returned.</param>
public readonly record struct RegisterOperation(bool IsWrite, ulong Offset, int Width, ulong Value);
