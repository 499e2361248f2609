using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.Sprd;

/// <summary>A domain: 256 MiB from address 0. Its table exists from the first attach on (6.1: until the detach).</summary>
public sealed class SprdDomain : IommuDomain
{
    internal SprdDomain(DomainType type)
        : base(type) => Geometry = new DomainGeometry(0, SprdPageTable.ApertureSize - 1);

    /// <summary>The instance that the domain was attached to first; null for none, and in 6.1 after a detach (the kernel's dom->sdev).</summary>
    internal int? Unit { get; set; }

    /// <summary>The table, which may be freed already.</summary>
    internal SprdPageTable? Table => (SprdPageTable?)PageTable;

    internal void TakeTable(SprdPageTable table) => PageTable = table;
}
