namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>Kinds of nodes with LIODNs that the driver treats apart. Source: Linux drivers/iommu/fsl_pamu.c, setup_liodns and get_ome_index.</summary>
public enum FslPamuNodeKind
{
    /// <summary>Any other device.</summary>
    Device,

    /// <summary>The queue manager (fsl,qman).</summary>
    Qman,

    /// <summary>A portal of the queue manager (fsl,qman-portal).</summary>
    QmanPortal,

    /// <summary>The buffer manager (fsl,bman).</summary>
    Bman,
}
