using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>A domain. Only the one that the driver made for its own mapping, the first, ever gets a table.</summary>
public sealed class MtkV1Domain : IommuDomain
{
    internal MtkV1Domain(DomainType type)
        : base(type) => Geometry = DomainGeometry.OfBits(32);

    internal MtkV1PageTable? Table => (MtkV1PageTable?)PageTable;

    internal void TakeTable(MtkV1PageTable? table) => PageTable = table;
}
