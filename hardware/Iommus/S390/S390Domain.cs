using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.S390;

/// <summary>A domain: one set of tables, shared by the functions that are attached.</summary>
public sealed class S390Domain : IommuDomain
{
    internal S390Domain(DomainType type, S390PageTable? table)
        : base(type)
    {
        PageTable = table;
        Geometry = table?.Aperture ?? DomainGeometry.All;
    }

    /// <summary>The page table; null for the blocking domain.</summary>
    public S390PageTable? Table => (S390PageTable?)PageTable;

    // The latest comes first, as list_add puts it.
    internal List<S390Device> Devices { get; } = [];

    // What can be mapped for a device; in 6.12 the rest is reserved, not refused by the tables.
    internal void Limit(S390Device device) => Geometry = new DomainGeometry(device.Start, device.End);

    internal void SetAperture(S390Device device)
    {
        Limit(device);
        Table!.Aperture = Geometry;
    }

    internal void Free()
    {
        Table?.Free();
        PageTable = null;
    }
}
