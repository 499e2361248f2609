namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>How TLB entries of an SMMU are tagged: ASID 15:0, VMID 31:16, stage 2 alone 32.</summary>
internal static class TlbTag
{
    public const ulong VmidMask = 0xffffUL << 16;

    public static ulong Stage1(ushort vmid, ushort asid) => asid | ((ulong)vmid << 16);

    public static ulong Stage2(ushort vmid) => ((ulong)vmid << 16) | 1UL << 32;
}
