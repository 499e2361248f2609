namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>What the driver keeps of one S2CR and its SMR (struct arm_smmu_s2cr, struct arm_smmu_smr).</summary>
internal sealed class StreamEntry
{
    public StreamType Type { get; set; }

    public int Bank { get; set; }

    /// <summary>Streams that use it.</summary>
    public int Count { get; set; }

    /// <summary>The group of its devices.</summary>
    public int? Group { get; set; }

    public ushort Id { get; set; }

    public ushort Mask { get; set; }

    public bool Valid { get; set; }
}
