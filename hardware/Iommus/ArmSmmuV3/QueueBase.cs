using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>CMDQ_BASE, EVTQ_BASE, PRIQ_BASE: where a queue lies and how large it is.</summary>
/// <param name="Raw">The register.</param>
public readonly record struct QueueBase(ulong Raw)
{
    /// <summary>RA 62: read allocate hint.</summary>
    public const ulong ReadAllocate = 1UL << 62;

    /// <summary>ADDR 51:5.</summary>
    public ulong Address { get => Raw.InPlace(51, 5); init => Raw = Raw.With(51, 5, value >> 5); }

    /// <summary>LOG2SIZE 4:0: log2 of the number of entries, 0 to 19.</summary>
    public int Log2Size { get => Raw.Number(4, 0); init => Raw = Raw.With(4, 0, (ulong)value); }
}
