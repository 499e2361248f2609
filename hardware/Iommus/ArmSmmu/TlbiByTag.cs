using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Selects the entries whose tag agrees in the bits of a mask.</summary>
internal readonly struct TlbiByTag(ulong mask, ulong value) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => ((entry.Tag ^ value) & mask) == 0;
}
