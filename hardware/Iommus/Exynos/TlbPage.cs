using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Selects the TLB entries that a FLUSH_ENTRY drops: those that hold the address, of any page size, in the set that it is looked up in.</summary>
internal readonly struct TlbPage(ulong set, ulong iova) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Tag == set && entry.Overlaps(iova, iova);
}
