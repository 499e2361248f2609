namespace Emulator.Actors.Programming;

/// <summary>What a driver's run of steps is for.</summary>
internal enum RunPurpose
{
    /// <summary>Bring-up of the IOMMU or of a device.</summary>
    Probe,

    /// <summary>Blocks a group.</summary>
    Block,

    /// <summary>Attaches a group to a tenant's domain.</summary>
    Attach,

    /// <summary>A call of the kernel's core, or of iommufd.</summary>
    Core,

    /// <summary>After mappings were made or removed.</summary>
    Invalidate,

    /// <summary>A device is gone.</summary>
    Release,

    /// <summary>The fault interrupt's handler.</summary>
    Interrupt,
}
