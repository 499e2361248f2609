namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Bits of GERROR and GERRORN: an error is active while its bit differs between the two.</summary>
[Flags]
public enum GlobalErrors : uint
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>CMDQ_ERR: the command queue has stopped; why stands in CMDQ_CONS.ERR.</summary>
    CommandQueue = 1 << 0,

    /// <summary>EVTQ_ABT: a write to the event queue was aborted.</summary>
    EventQueueAbort = 1 << 2,

    /// <summary>PRIQ_ABT: a write to the page request queue was aborted.</summary>
    PageRequestQueueAbort = 1 << 3,

    /// <summary>MSI_CMDQ_ABT: the MSI of a CMD_SYNC was aborted.</summary>
    CommandMsiAbort = 1 << 4,

    /// <summary>MSI_EVTQ_ABT.</summary>
    EventMsiAbort = 1 << 5,

    /// <summary>MSI_PRIQ_ABT.</summary>
    PageRequestMsiAbort = 1 << 6,

    /// <summary>MSI_GERROR_ABT.</summary>
    GlobalErrorMsiAbort = 1 << 7,

    /// <summary>SFM_ERR: service failure mode.</summary>
    ServiceFailure = 1 << 8,
}
