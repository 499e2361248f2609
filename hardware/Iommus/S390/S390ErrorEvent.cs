namespace Emulator.Hardware.Iommus.S390;

/// <summary>An error event as the silicon reports it. Source: Linux 6.1 arch/s390/pci/pci_event.c, struct zpci_ccdf_err.</summary>
/// <param name="Handle">Function handle.</param>
/// <param name="Function">Function ID.</param>
/// <param name="Address">Failing address.</param>
/// <param name="Code">Why.</param>
/// <param name="IsWrite">The DMA was a write.</param>
/// <param name="Levels">Levels of table that were walked, 0 to 3.</param>
internal readonly record struct S390ErrorEvent(uint Handle, uint Function, ulong Address, S390EventCode Code, bool IsWrite, int Levels);
