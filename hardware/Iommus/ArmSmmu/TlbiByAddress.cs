using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>Selects the entries of a tag whose page or block holds an address.</summary>
internal readonly struct TlbiByAddress(ulong tag, ulong address) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => entry.Tag == tag && entry.Overlaps(address, address);
}
