namespace Emulator.Hardware.Core.Iommufd;

/// <summary>What is not the user's to choose.</summary>
public sealed record IommufdOptions
{
    /// <summary>Devices whose interrupt messages are not isolated may be bound (module parameter allow_unsafe_interrupts).</summary>
    public bool AllowUnsafeInterrupts { get; init; }

    /// <summary>The process may choose how pinned memory is accounted (CAP_SYS_RESOURCE).</summary>
    public bool CanSetRlimitMode { get; init; } = true;
}
