using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Selects every entry of a bank.</summary>
/// <param name="Bank">The bank.</param>
internal readonly record struct MsmBankEntries(uint Bank) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => entry.Tag >> 8 == Bank;
}
