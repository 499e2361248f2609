using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>Selects TLB entries by VMID, ASID and address.</summary>
/// <param name="mask">Which bits of <see cref="Tag"/> count.</param>
/// <param name="tag">What they are.</param>
/// <param name="address">An address of the page; null for any.</param>
internal readonly struct MsmTlbEntries(ulong mask, ulong tag, ulong? address = null) : IIotlbSelector
{
    public const ulong Vmid = 0x1f00;
    public const ulong VmidAndAsid = 0x1fff;

    public static ulong Tag(ulong vmid, ulong asid) => (vmid << 8) | asid;

    public bool Selects(in IotlbEntry entry) => (entry.Tag & mask) == tag && (address is not { } page || entry.Overlaps(page, page));
}
