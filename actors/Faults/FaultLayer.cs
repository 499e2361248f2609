namespace Emulator.Actors.Faults;

/// <summary>Where a fault strikes.</summary>
public enum FaultLayer
{
    /// <summary>The IOMMU, its memory and its registers.</summary>
    Silicon,

    /// <summary>A device.</summary>
    Device,

    /// <summary>The driver or the whole host.</summary>
    Driver,

    /// <summary>The actors and the messages between them.</summary>
    Actors,
}
