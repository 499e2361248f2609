namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Operand of CMD_PRI_RESP, DW1 13:12.</summary>
public enum PriResponse : byte
{
    /// <summary>Denied: the function's page requests are switched off (PCIe: Response Failure).</summary>
    Deny = 0,

    /// <summary>Failed: the page is not to be had (PCIe: Invalid Request).</summary>
    Fail = 1,

    /// <summary>Success.</summary>
    Success = 2,
}
