namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>What can vary between chips.</summary>
public sealed record FslPamuOptions
{
    /// <summary>PC3 after reset.</summary>
    public uint Capabilities3 { get; init; } = 0x60_0000;

    /// <summary>Whether an access through a disabled entry is recorded (erratum A-003638); by design it is refused in silence.</summary>
    public bool ReportsDisabled { get; init; }
}
