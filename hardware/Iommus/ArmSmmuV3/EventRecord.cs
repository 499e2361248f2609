using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>An entry of the event queue, 32 bytes.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h:390, EVTQ_*; Arm IHI 0070 section 7.3.</remarks>
/// <param name="Word0">DW0: code, SubstreamID, StreamID.</param>
/// <param name="Word1">DW1: stall, access, class.</param>
/// <param name="Word2">DW2: input address.</param>
/// <param name="Word3">DW3: intermediate address, or fetch address.</param>
public readonly record struct EventRecord(ulong Word0, ulong Word1, ulong Word2, ulong Word3)
{
    /// <summary>Bytes of a record.</summary>
    public const int Size = 32;

    /// <summary>Words of a record.</summary>
    public const int Words = 4;

    /// <summary>DW0 7:0.</summary>
    public EventCode Code { get => (EventCode)(byte)Word0; init => Word0 = Word0.With(7, 0, (ulong)value); }

    /// <summary>SSV, DW0 11.</summary>
    public bool SubstreamValid { get => Word0.Bit(11); init => Word0 = Word0.With(11, value); }

    /// <summary>DW0 31:12.</summary>
    public uint SubstreamId { get => (uint)Word0.Bits(31, 12); init => Word0 = Word0.With(31, 12, value); }

    /// <summary>DW0 63:32.</summary>
    public uint StreamId { get => (uint)(Word0 >> 32); init => Word0 = Word0.With(63, 32, value); }

    /// <summary>STAG, DW1 15:0.</summary>
    public ushort StallTag { get => (ushort)Word1; init => Word1 = Word1.With(15, 0, value); }

    /// <summary>STALL, DW1 31: the request waits for CMD_RESUME.</summary>
    public bool Stall { get => Word1.Bit(31); init => Word1 = Word1.With(31, value); }

    /// <summary>PnU, DW1 33: privileged.</summary>
    public bool Privileged { get => Word1.Bit(33); init => Word1 = Word1.With(33, value); }

    /// <summary>InD, DW1 34: instruction fetch.</summary>
    public bool Instruction { get => Word1.Bit(34); init => Word1 = Word1.With(34, value); }

    /// <summary>RnW, DW1 35: read.</summary>
    public bool Read { get => Word1.Bit(35); init => Word1 = Word1.With(35, value); }

    /// <summary>S2, DW1 39: the fault is of stage 2.</summary>
    public bool Stage2 { get => Word1.Bit(39); init => Word1 = Word1.With(39, value); }

    /// <summary>CLASS, DW1 41:40.</summary>
    public EventClass Class { get => (EventClass)Word1.Bits(41, 40); init => Word1 = Word1.With(41, 40, (ulong)value); }

    /// <summary>TT_READ, DW1 44: the walk's access was a read.</summary>
    public bool TableRead { get => Word1.Bit(44); init => Word1 = Word1.With(44, value); }

    /// <summary>DW2.</summary>
    public ulong InputAddress { get => Word2; init => Word2 = value; }

    /// <summary>IPA, DW3 51:12 (stage 2 faults).</summary>
    public ulong IntermediateAddress { get => Word3.InPlace(51, 12); init => Word3 = Word3.With(51, 12, value >> 12); }

    /// <summary>FetchAddr, DW3 51:3 (F_STE_FETCH, F_CD_FETCH, F_WALK_EABT).</summary>
    public ulong FetchAddress { get => Word3.InPlace(51, 3); init => Word3 = Word3.With(51, 3, value >> 3); }
}
