namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>How IOTLB entries of an SMMUv3 are tagged: ASID 15:0, VMID 31:16, stream world 33:32, stage 2 only 34, global 35.</summary>
internal static class IotlbTag
{
    public const ulong AsidMask = 0xffff;

    public const ulong VmidMask = 0xffffUL << 16;

    public const ulong WorldMask = 3UL << 32;

    public const ulong Stage2Only = 1UL << 34;

    public const ulong Global = 1UL << 35;

    public static ulong Of(StreamWorld world, ushort vmid, ushort asid) => asid | ((ulong)vmid << 16) | ((ulong)world << 32);
}
