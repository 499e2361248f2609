namespace Emulator.Hardware.Translation;

/// <summary>Selects the entries whose page has an address of a range.</summary>
/// <param name="First">First address.</param>
/// <param name="Last">Last address.</param>
public readonly record struct IotlbRange(ulong First, ulong Last) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => entry.Overlaps(First, Last);
}
