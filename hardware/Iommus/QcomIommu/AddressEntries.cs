using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.QcomIommu;

/// <summary>Selects the TLB entries of an ASID that hold an address (TLBIVA, TLBIVAL).</summary>
internal readonly struct AddressEntries(ushort asid, ulong address) : IIotlbSelector
{
    public bool Selects(in IotlbEntry entry) => entry.Tag == asid && entry.Overlaps(address, address);
}
