using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>Selects the TLB entries of an ASID (TLBIASID).</summary>
internal readonly struct AsidEntries(ushort asid) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Tag == asid;
}
