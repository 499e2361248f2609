using System.Numerics;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Actors.Programming;

/// <summary>
/// The rest of the host, to which freed memory goes: table memory that the driver frees while it blocks or attaches a group becomes the tables of a domain that
/// maps the tenants' addresses to frames of its own. Silicon that still walks there reaches these frames, and the checker sees it. One user, the IOMMU's actor.
/// </summary>
/// <remarks>Where the driver maps for attached devices only, a device next to the tenants' is attached, provided that it has an IOMMU instance for itself: what is programmed there meets no DMA.</remarks>
internal sealed class FreedTables(EmulatedHost host)
{
    /// <summary>Owns the frames that such a domain maps.</summary>
    public static readonly OwnerTag NextUser = new(int.MaxValue - 1);

    /// <summary>Domains made at most: a long run must not use up the host's memory. After that, freed memory stays free.</summary>
    public const int MaxDomains = 64;

    private readonly int _asTenant = host.Specification.Tenants;
    private DmaDevice? _neighbour;
    private int _domains;
    private long _seen;

    private IIommuDriver Driver => host.Platform.Driver;

    /// <summary>From now on freed memory is given away.</summary>
    public void Watch() => _seen = host.Platform.Frames.Freed;

    /// <summary>Gives away what was freed since the last time; usually nothing.</summary>
    public void GiveAway()
    {
        if (host.Platform.Frames.Freed == _seen || _domains == MaxDomains)
            return;
        _domains++;
        try
        {
            var domain = Driver.AllocateDomain(DomainType.Unmanaged);
            Driver.Finalise(domain, host.Devices[0]);
            if (domain.PageTable is not { } table)
                MapForNeighbour(domain);
            else if (host.Driver.Domains.Values.All(other => other.PageTable != table))
                Map(table);
        }
        catch (Exception error) when (error is DriverException or KernelBugException)
        {
            // No identifier or no memory is left for another domain: then the memory stays free.
        }

        Watch();
    }

    private void Map(IPageTable table)
    {
        var (start, size) = (host.Layout.IovaBase, host.Specification.BufferSize);
        var page = Math.Min(size, 1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap));
        for (var offset = 0UL; offset < size; offset += page)
            DomainPaging.Map(table, start + offset, host.FrameOf(_asTenant, offset / page, page), page, Protection.Read | Protection.Write, new InvalidationGather());
    }

    private void MapForNeighbour(IommuDomain domain)
    {
        if (FindNeighbour() is not { } neighbour || host.Platform.Bus.Run(Driver.Attach(domain, neighbour)) < 0)
            return;
        const ulong Page = PhysicalMemory.FrameSize;
        for (var page = 0UL; page < host.Specification.BufferSize / Page; page++)
            host.Platform.Bus.Run(Driver.Map(domain, host.Layout.IovaBase + (page * Page), host.FrameOf(_asTenant, page, Page), Page, Protection.Read | Protection.Write));
    }

    private DmaDevice? FindNeighbour()
    {
        if (_neighbour != null || host.Specification.Room.HasOneTable || host.Devices.Count == HostSpecification.MaxDevices)
            return _neighbour;
        var candidate = host.Platform.Device(host.Devices.Count);
        var isAlone = candidate.Streams.All(binding => host.Devices.All(device => device.Streams.All(other => other.Unit != binding.Unit)));
        return isAlone && host.Platform.Bus.Run(Driver.ProbeDevice(candidate)) >= 0 ? _neighbour = candidate : null;
    }
}
