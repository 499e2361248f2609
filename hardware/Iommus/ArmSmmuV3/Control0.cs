namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Bits of CR0 and CR0ACK, <see cref="ArmSmmuV3Registers.Cr0"/>.</summary>
[Flags]
public enum Control0 : uint
{
    /// <summary>Everything off: GBPA decides on DMA.</summary>
    None = 0,

    /// <summary>SMMUEN: DMA goes through the stream table.</summary>
    SmmuEnable = 1,

    /// <summary>PRIQEN: page requests are written to the queue.</summary>
    PriqEnable = 2,

    /// <summary>EVTQEN: events are written to the queue.</summary>
    EvtqEnable = 4,

    /// <summary>CMDQEN: commands are consumed.</summary>
    CmdqEnable = 8,

    /// <summary>ATSCHK: translated requests are checked against their STE.</summary>
    AtsCheck = 16,

    /// <summary>Every bit that exists.</summary>
    All = SmmuEnable | PriqEnable | EvtqEnable | CmdqEnable | AtsCheck,
}
