using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Selects the TLB entries of smaller pages that lie inside a page.</summary>
internal readonly struct TlbPart(ulong iova, int pageShift) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.PageShift < pageShift && entry.Iova >> pageShift == iova >> pageShift;
}
