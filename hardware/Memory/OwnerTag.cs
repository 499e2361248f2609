namespace Emulator.Hardware.Memory;

/// <summary>Who owns a 4 KiB frame: the tag that an isolation check compares with the right of the device whose DMA landed there.</summary>
/// <param name="Value">0 is nobody's (free or never given out).</param>
public readonly record struct OwnerTag(int Value)
{
    /// <summary>A frame that nobody owns.</summary>
    public static OwnerTag None => default;

    /// <summary>Memory of the host itself: translation tables, queues, kernel data. No device may reach it.</summary>
    public static OwnerTag Host => new(-1);

    /// <inheritdoc/>
    public override string ToString() => Value switch { 0 => "nobody", -1 => "host", _ => $"owner {Value}" };
}
