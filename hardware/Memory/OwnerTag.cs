namespace Emulator.Hardware.Memory;

/// <summary>Who owns a 4 KiB frame: the tag that an isolation check compares with the right of the device whose DMA landed there.</summary>
/// <param name="Value">0 is nobody's (free or never given out).</param>
public readonly record struct OwnerTag(int Value)
{
    /// <summary>A frame that nobody owns.</summary>
    public static OwnerTag None => default;

    /// <summary>Memory of the host itself: translation tables, queues, kernel data. No device may reach it.</summary>
    public static OwnerTag Host => new(-1);

    /// <summary>A buffer that some IOMMUs send DMA to in place of refusing it. The driver marks it; what lands there reached nobody's memory.</summary>
    public static OwnerTag ProtectBuffer => new(-2);

    /// <inheritdoc/>
    public override string ToString() => Value switch { 0 => "nobody", -1 => "host", -2 => "protect buffer", _ => $"owner {Value}" };
}
