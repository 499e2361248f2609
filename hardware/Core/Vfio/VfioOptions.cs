namespace Emulator.Hardware.Core.Vfio;

/// <summary>What is not the user's to choose.</summary>
public sealed record VfioOptions
{
    /// <summary>Groups whose interrupt messages are not isolated may be attached (module parameter allow_unsafe_interrupts).</summary>
    public bool AllowUnsafeInterrupts { get; init; }

    /// <summary>The process may use groups without an IOMMU (CAP_SYS_RAWIO).</summary>
    public bool HasRawIo { get; init; } = true;
}
