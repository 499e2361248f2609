using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>A domain of the AMD driver (struct protection_domain).</summary>
public class AmdViDomain : IommuDomain
{
    /// <summary>Makes a domain.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="id">Its DomainID, 1 to 65535; 0 for the blocking domain.</param>
    /// <param name="table">Its page table, if it has one.</param>
    /// <param name="gcr3Table">6.1: the domain's own GCR3 table, if it has one.</param>
    public AmdViDomain(DomainType type, ushort id, IPageTable? table = null, ulong? gcr3Table = null)
        : base(type)
    {
        Id = id;
        PageTable = table;
        Gcr3Table = gcr3Table;
    }

    /// <summary>DomainID.</summary>
    public ushort Id { get; }

    /// <summary>Whether the page table is a guest (v2) one.</summary>
    public bool IsGuest => PageTable is AmdV2PageTable;

    /// <summary>What the device table entries of its devices say.</summary>
    public virtual AmdViPaging Paging => PageTable switch
    {
        AmdV1PageTable table => new AmdViPaging(table.Levels, table.Root),
        AmdV2PageTable => new AmdViPaging(0, 0, Gcr3Table, 0, GuestIo: true),
        _ => default,
    };

    internal ulong? Gcr3Table { get; }

    // Attached devices, the latest first (list_add).
    internal List<AmdViDeviceData> Devices { get; } = [];

    // dev_cnt: goes down only after a detach has flushed.
    internal int References { get; set; }
}
