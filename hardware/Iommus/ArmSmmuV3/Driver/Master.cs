using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>A device behind the SMMU (struct arm_smmu_master).</summary>
internal sealed class Master
{
    public Master(DmaDevice device, Features features)
    {
        Device = device;
        Streams = [.. device.Streams.Select(binding => binding.Stream.Value)];
        SubstreamIdBits = Math.Min(features.SubstreamIdBits, device.PasidBits);
        if (!features.TwoLevelContextTable)
            SubstreamIdBits = Math.Min(SubstreamIdBits, ContextTable.MaxLinearLog2);
        Stalls = (features.Stalls && device.CanStall) || features.StallForced;
        AtsSupported = features.Ats && device.AtsSupported;
    }

    public DmaDevice Device { get; }

    /// <summary>Its StreamIDs; a bridge may repeat one.</summary>
    public IReadOnlyList<uint> Streams { get; }

    public int SubstreamIdBits { get; }

    public bool Stalls { get; }

    public bool AtsSupported { get; }

    /// <summary>The domain that the core has the device in; null for none.</summary>
    public ArmSmmuV3Domain? Domain { get; set; }

    public bool AtsEnabled { get; set; }

    /// <summary>6.12: the device's own context table; null until one is needed.</summary>
    public ContextTable? Contexts { get; set; }

    /// <summary>6.12: the STE points to <see cref="Contexts"/>.</summary>
    public bool ContextsInSte { get; set; }

    /// <summary>6.12: the STE allows ATS.</summary>
    public bool AtsInSte { get; set; }

    /// <summary>6.12: PASIDs that are attached, with their domains.</summary>
    public Dictionary<uint, ArmSmmuV3Domain> Pasids { get; } = [];
}
