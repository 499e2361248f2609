namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>STE.STRW: the exception level whose translation regime a stream uses; TLB entries are tagged with it.</summary>
public enum StreamWorld : byte
{
    /// <summary>NS-EL1: tagged with ASID and VMID.</summary>
    NonSecureEl1 = 0,

    /// <summary>EL2: no VMID; ASIDs only with CR2.E2H.</summary>
    El2 = 2,
}
