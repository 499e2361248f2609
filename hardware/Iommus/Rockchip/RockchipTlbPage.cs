using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>Selects the TLB entry of one page: that of a ZAP_ONE_LINE.</summary>
internal readonly struct RockchipTlbPage(ulong iova) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Overlaps(iova, iova);
}
