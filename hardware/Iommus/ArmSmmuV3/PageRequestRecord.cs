using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>An entry of the page request queue, 16 bytes.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h:413, PRIQ_*.</remarks>
/// <param name="Word0">DW0: who and what.</param>
/// <param name="Word1">DW1: group and address.</param>
public readonly record struct PageRequestRecord(ulong Word0, ulong Word1)
{
    /// <summary>Bytes of a record.</summary>
    public const int Size = 16;

    /// <summary>DW0 31:0.</summary>
    public uint StreamId { get => (uint)Word0; init => Word0 = Word0.With(31, 0, value); }

    /// <summary>DW0 51:32.</summary>
    public uint SubstreamId { get => (uint)Word0.Bits(51, 32); init => Word0 = Word0.With(51, 32, value); }

    /// <summary>DW0 58.</summary>
    public bool Privileged { get => Word0.Bit(58); init => Word0 = Word0.With(58, value); }

    /// <summary>DW0 59.</summary>
    public bool Execute { get => Word0.Bit(59); init => Word0 = Word0.With(59, value); }

    /// <summary>DW0 60.</summary>
    public bool Read { get => Word0.Bit(60); init => Word0 = Word0.With(60, value); }

    /// <summary>DW0 61.</summary>
    public bool Write { get => Word0.Bit(61); init => Word0 = Word0.With(61, value); }

    /// <summary>DW0 62: the last request of its group; it is the one that is answered.</summary>
    public bool Last { get => Word0.Bit(62); init => Word0 = Word0.With(62, value); }

    /// <summary>SSV, DW0 63.</summary>
    public bool SubstreamValid { get => Word0.Bit(63); init => Word0 = Word0.With(63, value); }

    /// <summary>DW1 8:0.</summary>
    public int Group { get => Word1.Number(8, 0); init => Word1 = Word1.With(8, 0, (ulong)value); }

    /// <summary>DW1 63:12.</summary>
    public ulong Address { get => Word1.InPlace(63, 12); init => Word1 = Word1.With(63, 12, value >> 12); }
}
