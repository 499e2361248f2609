using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>One remapping unit as its driver knows it: capabilities, root table, invalidation queue, domain ids.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, struct intel_iommu.</remarks>
public sealed class VtdUnit
{
    /// <summary>Domain id of pass-through and first-level PASID entries (FLPT_DEFAULT_DID).</summary>
    public const ushort DefaultDomainId = 1;

    private bool[] _domainIds = [];

    /// <summary>Makes the unit; <see cref="Discover"/> fills it.</summary>
    /// <param name="index">Its index on the bus.</param>
    public VtdUnit(int index) => Index = index;

    /// <summary>Index on the bus.</summary>
    public int Index { get; }

    /// <summary>The capability register.</summary>
    public VtdCapability Capability { get; private set; }

    /// <summary>The extended capability register.</summary>
    public VtdExtendedCapability ExtendedCapability { get; private set; }

    /// <summary>The largest supported table depth up to 57 bits, less two (the kernel's agaw).</summary>
    public int AddressWidth { get; set; }

    /// <summary>The largest supported table depth, less two (the kernel's msagaw): the AW of pass-through entries.</summary>
    public int MaxAddressWidth { get; set; }

    /// <summary>The unit runs in scalable mode.</summary>
    public bool Scalable { get; set; }

    /// <summary>The invalidation queue is used.</summary>
    public bool Queued { get; set; }

    /// <summary>The command bits in force (the kernel's gcmd).</summary>
    public uint Command { get; set; }

    /// <summary>The root table.</summary>
    public ulong RootTable { get; set; }

    /// <summary>The invalidation queue.</summary>
    public ulong Queue { get; set; }

    /// <summary>The status words of the queue, 4 bytes a descriptor.</summary>
    public ulong QueueStatus { get; set; }

    /// <summary>Index of the next free descriptor.</summary>
    public int QueueTail { get; set; }

    /// <summary>log2 of the bytes of a descriptor: 5 in scalable mode, else 4.</summary>
    public int DescriptorShift => Scalable ? 5 : 4;

    /// <summary>Takes up the capability registers.</summary>
    public void Discover(ulong capability, ulong extendedCapability)
    {
        Capability = new VtdCapability(capability);
        ExtendedCapability = new VtdExtendedCapability(extendedCapability);
        MaxAddressWidth = Math.Max(0, BitOperations.Log2((uint)Capability.AddressWidths));
        AddressWidth = Math.Max(0, BitOperations.Log2((uint)Capability.AddressWidths & 0xf));
        _domainIds = new bool[Capability.DomainCount];
    }

    /// <summary>Sets the ids aside that no domain gets: 0, and 1 where pass-through or first-level entries use it.</summary>
    public void ReserveDomainIds(bool reserveDefault)
    {
        _domainIds[0] = true;
        _domainIds[DefaultDomainId] = reserveDefault;
    }

    /// <summary>Takes the lowest free domain id.</summary>
    /// <exception cref="DriverException">ENOSPC: all are in use.</exception>
    public ushort AllocateDomainId()
    {
        var id = Array.IndexOf(_domainIds, false);
        if (id < 0)
            throw new DriverException(Errno.ENOSPC, $"unit {Index} has no free domain id among {_domainIds.Length}");
        _domainIds[id] = true;
        return (ushort)id;
    }

    /// <summary>Gives a domain id back.</summary>
    public void FreeDomainId(ushort id) => _domainIds[id] = false;
}
