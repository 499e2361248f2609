using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>Selects the entries of some micro TLBs: those of a TLB_FLUSH.</summary>
internal readonly struct TlbOfMaster(ulong masters) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => ((masters >> (int)entry.Tag) & 1) != 0;
}
