namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>What can vary in the driver.</summary>
public sealed record MtkV1DriverOptions
{
    /// <summary>Bytes of the protect buffer: twice its alignment of 128 (MTK_PROTECT_PA_ALIGN).</summary>
    public const ulong ProtectBytes = 256;

    /// <summary>Reads of CPE_DONE before a range invalidation is given up and everything invalidated; the kernel polls for 100 ms.</summary>
    public int PollLimit { get; init; } = 5;
}
