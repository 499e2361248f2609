using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Omap;

/// <summary>A domain of the OMAP driver. It has tables only while a device is attached, and one device at most.</summary>
public sealed class OmapDomain : IommuDomain
{
    internal OmapDomain(DomainType type)
        : base(type) => Geometry = DomainGeometry.OfBits(32);

    /// <summary>The tables; null while no device is attached: a detach loses every mapping.</summary>
    public OmapPageTable? Tables => (OmapPageTable?)PageTable;

    /// <summary>The device that is attached; null for none.</summary>
    public DmaDevice? Device { get; private set; }

    /// <summary>The owner's fault handler (iommu_set_fault_handler): told the address, says whether it handled the fault; null for none.</summary>
    public Func<Iova, bool>? FaultHandler { get; set; }

    // In the order in which the device names them; none while it is not attached.
    internal IReadOnlyList<OmapMmu> Mmus { get; private set; } = [];

    internal void Open(OmapPageTable tables) => PageTable = tables;

    internal void SetAttached(DmaDevice device, IReadOnlyList<OmapMmu> mmus) => (Device, Mmus) = (device, mmus);

    // The entries are cleared, the roots are what is left.
    internal void Close(OmapTableWriter writer)
    {
        foreach (var root in Tables?.Roots ?? [])
            writer.FreeRoot(root);
        (PageTable, Device, Mmus) = (null, null, []);
    }
}
