using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>Receives how an instruction of a sequence ended.</summary>
internal sealed class S390InstructionOutcome
{
    public int ConditionCode { get; set; }

    public S390Status Status { get; set; }

    public bool Failed => ConditionCode != 0;

    // zpci_refresh_trans: insufficient resources are for the caller to free some.
    public Errno RefreshErrno => ConditionCode switch
    {
        0 => Errno.None,
        1 when Status is S390Status.NotEnabled or S390Status.InsufficientResources => Errno.ENOMEM,
        _ => Errno.EIO,
    };
}
