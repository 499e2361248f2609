namespace Emulator.Hardware.Iommus.Omap;

/// <summary>What differs between the MMUs of the OMAP family, as their device trees say it.</summary>
/// <remarks>Source: Linux Documentation/devicetree/bindings/iommu/ti,omap-iommu.txt; drivers/iommu/omap-iommu.c, omap_iommu_probe.</remarks>
/// <param name="Name">Name of the variant.</param>
/// <param name="TlbEntries">ti,#tlb-entries: 8 or 32.</param>
/// <param name="BusErrorBack">ti,iommu-bus-err-back: a fault is a bus error, not a stall.</param>
/// <param name="Instances">MMUs that one master is behind, all mapped alike.</param>
/// <param name="DspSystem">ti,syscon-mmuconfig: the MMUs are let in by DRA7's DSP_SYSTEM.</param>
public sealed record OmapHardware(string Name, int TlbEntries = 32, bool BusErrorBack = false, int Instances = 1, bool DspSystem = false)
{
    /// <summary>OMAP3's camera: 8 entries, a fault stalls.</summary>
    public static OmapHardware Tlb8 { get; } = new("tlb8", TlbEntries: 8);

    /// <summary>The image processor of OMAP4 and DRA7: 32 entries, a fault is a bus error.</summary>
    public static OmapHardware Tlb32 { get; } = new("tlb32", BusErrorBack: true);

    /// <summary>A DSP of DRA7: one MMU for its own accesses (MDMA), one for its DMA engine (EDMA).</summary>
    public static OmapHardware Dra7Dsp { get; } = new("dra7_dsp", Instances: 2, DspSystem: true);

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<OmapHardware> All { get; } = [Tlb8, Tlb32, Dra7Dsp];
}
