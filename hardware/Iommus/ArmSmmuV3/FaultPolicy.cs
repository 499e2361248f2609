namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>What faults 0x10 to 0x13 of one stage lead to.</summary>
[Flags]
internal enum FaultPolicy : byte
{
    /// <summary>The request ends without an event.</summary>
    None = 0,

    /// <summary>An event is recorded.</summary>
    Record = 1,

    /// <summary>The request is held.</summary>
    Stall = 2,
}
