namespace Emulator.Hardware.Iommus.S390;

/// <summary>The part of a function information block (FIB) that DMA translation uses.</summary>
/// <param name="Base">PCI base address: the lowest IOVA.</param>
/// <param name="Limit">PCI address limit: the highest IOVA, inclusive.</param>
/// <param name="Iota">The I/O translation anchor.</param>
public readonly record struct S390Fib(ulong Base, ulong Limit, ulong Iota);
