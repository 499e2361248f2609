using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>The TLB entries that a flush drops.</summary>
/// <param name="Asid">Whose; null for everybody's.</param>
/// <param name="First">First address.</param>
/// <param name="Last">Last address.</param>
public readonly record struct TegraSmmuTlbMatch(ulong? Asid, ulong First, ulong Last) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => (Asid == null || Asid == entry.Tag) && entry.Overlaps(First, Last);
}
