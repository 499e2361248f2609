using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Selects the entries whose tag agrees with a value in the bits of a mask.</summary>
internal readonly struct TlbiByTag(ulong mask, ulong value) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => (entry.Tag & mask) == value;
}
