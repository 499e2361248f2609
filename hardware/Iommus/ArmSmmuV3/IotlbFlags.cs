namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>What an IOTLB entry of an SMMUv3 keeps for invalidations and fault records: size (5:0), granule (7:6, as TG of TLBI) and level (9:8) of the
/// leaf by which it is invalidated, and what stage 2 alone refuses (12:10).</summary>
/// <param name="Raw">The flags.</param>
internal readonly record struct IotlbFlags(ushort Raw)
{
    public IotlbFlags(int leafShift, int granuleShift, int level, bool stage2RefusesRead, bool stage2RefusesWrite, bool stage2RefusesExecute)
        : this((ushort)(leafShift | ((granuleShift - 10) / 2 << 6) | ((level & 3) << 8)
            | (stage2RefusesRead ? 1 << 10 : 0) | (stage2RefusesWrite ? 1 << 11 : 0) | (stage2RefusesExecute ? 1 << 12 : 0)))
    {
    }

    public int LeafShift => Raw & 63;

    public int Granule => (Raw >> 6) & 3;

    public int Level => (Raw >> 8) & 3;

    public bool Stage2RefusesRead => (Raw & 1 << 10) != 0;

    public bool Stage2RefusesWrite => (Raw & 1 << 11) != 0;

    public bool Stage2RefusesExecute => (Raw & 1 << 12) != 0;
}
