using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Selects the entries of a bank and ASID in a range of addresses.</summary>
/// <param name="Tag">Bank and ASID.</param>
/// <param name="First">First address.</param>
/// <param name="Last">Last address.</param>
internal readonly record struct MsmAsidEntries(ulong Tag, ulong First, ulong Last) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => entry.Tag == Tag && new IotlbRange(First, Last).Selects(in entry);
}
