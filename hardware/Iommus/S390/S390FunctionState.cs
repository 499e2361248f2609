namespace Emulator.Hardware.Iommus.S390;

/// <summary>State of a PCI function. DMA works in <see cref="Enabled"/> only.</summary>
public enum S390FunctionState : byte
{
    /// <summary>Configured, not enabled: it has no valid handle.</summary>
    Disabled = 0,

    /// <summary>Loads, stores and DMA work.</summary>
    Enabled,

    /// <summary>After an error and a RESET_BLOCK: loads and stores work, DMA does not yet.</summary>
    Blocked,

    /// <summary>A DMA was refused with an error event: neither DMA nor loads nor stores work.</summary>
    Error,
}
