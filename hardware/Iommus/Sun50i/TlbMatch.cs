using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>Selects the entries whose address equals another one in the bits of a mask: those of a TLB_IVLD.</summary>
internal readonly struct TlbMatch(ulong address, ulong mask) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => ((entry.Iova ^ address) & mask & ~0xfffUL) == 0;
}
