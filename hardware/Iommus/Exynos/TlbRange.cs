using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Selects the TLB entries that have an address in common with a range.</summary>
internal readonly struct TlbRange(ulong first, ulong last) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Overlaps(first, last);
}
