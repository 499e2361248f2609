namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Bits of CR2, <see cref="ArmSmmuV3Registers.Cr2"/>.</summary>
[Flags]
public enum Control2 : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>E2H: the EL2 stream world has ASIDs and two table bases.</summary>
    E2H = 1,

    /// <summary>RECINVSID: C_BAD_STREAMID is recorded.</summary>
    RecordInvalidStreamId = 2,

    /// <summary>PTM: broadcast TLB maintenance of the CPUs is not taken part in.</summary>
    PrivateTlbMaintenance = 4,
}
