using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.ArmShort;

namespace Emulator.Hardware.Iommus.Msm;

/// <summary>A domain: its table exists from an attach to the detach.</summary>
public sealed class MsmDomain : IommuDomain
{
    internal MsmDomain(DomainType type)
        : base(type) => Geometry = DomainGeometry.OfBits(32);

    /// <summary>The instances that it is attached to, the last one first (list_attached).</summary>
    internal List<int> Units { get; } = [];

    internal ArmShortPageTable? Table => (ArmShortPageTable?)PageTable;

    internal void TakeTable(ArmShortPageTable? table) => PageTable = table;
}
