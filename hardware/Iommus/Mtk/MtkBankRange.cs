using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Selects the entries of a bank in a range of addresses.</summary>
/// <param name="Bank">The bank.</param>
/// <param name="Range">The addresses.</param>
internal readonly record struct MtkBankRange(ulong Bank, IotlbRange Range) : IIotlbSelector
{
    /// <inheritdoc/>
    public bool Selects(in IotlbEntry entry) => entry.Tag == Bank && Range.Selects(in entry);
}
