using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables.Vtd;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A domain of the VT-d driver. It has one domain id on each unit that a device of it sits behind.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, struct dmar_domain; iommu.c, domain_attach_iommu.</remarks>
public sealed class IntelVtdDomain : IommuDomain
{
    private readonly Dictionary<int, (ushort Id, int References)> _ids = [];
    private readonly List<VtdAttachment> _devices = [];

    /// <summary>Makes a domain.</summary>
    public IntelVtdDomain(DomainType type)
        : base(type)
    {
    }

    /// <summary>Its table is in first-level format.</summary>
    public bool FirstLevel => Table?.Options.FirstLevel ?? false;

    /// <summary>DMA snoops whatever it asks for (enforce_cache_coherency).</summary>
    public bool ForceSnooping { get; set; }

    /// <summary>The page table, in its own type.</summary>
    public VtdPageTable? Table => (VtdPageTable?)PageTable;

    /// <summary>Devices attached, in the order of their attaching.</summary>
    public IReadOnlyList<VtdAttachment> Devices => _devices;

    /// <summary>Indexes of the units on which the domain has an id, ascending.</summary>
    public IReadOnlyList<int> Units { get; private set; } = [];

    /// <summary>Gives the domain its page table.</summary>
    public void Use(VtdPageTable table) => PageTable = table;

    /// <summary>Forgets the page table, which was freed.</summary>
    public void Forget() => PageTable = null;

    /// <summary>The id on a unit; 0 when there is none.</summary>
    public ushort IdOn(VtdUnit unit)
    {
        ArgumentNullException.ThrowIfNull(unit);
        return _ids.GetValueOrDefault(unit.Index).Id;
    }

    /// <summary>A device joins.</summary>
    public void Join(VtdAttachment device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Unit;
        var (id, references) = _ids.TryGetValue(unit.Index, out var known) ? known : (unit.AllocateDomainId(), 0);
        _ids[unit.Index] = (id, references + 1);
        Units = [.. _ids.Keys.Order()];
        _devices.Add(device);
        device.Domain = this;
    }

    /// <summary>A device leaves; with the last one behind a unit, the id there goes back.</summary>
    public void Leave(VtdAttachment device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var unit = device.Unit;
        var (id, references) = _ids[unit.Index];
        if (references == 1)
        {
            _ids.Remove(unit.Index);
            Units = [.. _ids.Keys.Order()];
            unit.FreeDomainId(id);
        }
        else
        {
            _ids[unit.Index] = (id, references - 1);
        }

        _devices.Remove(device);
        device.Domain = null;
    }
}
