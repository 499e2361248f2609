using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>Selects what one micro-TLB holds: that of an IMUCTR flush.</summary>
internal readonly struct MicroTlbEntries(int microTlb) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Tag == (ulong)microTlb;
}
