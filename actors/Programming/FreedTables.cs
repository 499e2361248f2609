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
internal sealed class FreedTables(EmulatedHost host)
{
    /// <summary>Owns the frames that such a domain maps.</summary>
    public static readonly OwnerTag NextUser = new(int.MaxValue - 1);

    /// <summary>Domains made at most: a long run must not use up the host's memory. After that, freed memory stays free.</summary>
    public const int MaxDomains = 64;

    private readonly int _asTenant = host.Specification.Tenants;
    private int _domains;
    private long _seen;

    /// <summary>From now on freed memory is given away.</summary>
    public void Watch() => _seen = host.Platform.Frames.Freed;

    /// <summary>Gives away what was freed since the last time; usually nothing.</summary>
    public void GiveAway()
    {
        if (host.Platform.Frames.Freed == _seen || _domains == MaxDomains)
            return;
        try
        {
            var domain = host.Platform.Driver.AllocateDomain(DomainType.Unmanaged);
            host.Platform.Driver.Finalise(domain, host.Devices[0]);
            if (domain.PageTable is { } table && host.Driver.Domains.Values.All(other => other.PageTable != table))
                Map(table);
            _domains++;
        }
        catch (DriverException)
        {
            // No identifier or no memory is left for another domain: then the memory stays free.
        }

        Watch();
    }

    private void Map(IPageTable table)
    {
        var (start, size) = (host.Specification.IovaBase, host.Specification.BufferSize);
        var page = Math.Min(size, 1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap));
        for (var offset = 0UL; offset < size; offset += page)
            DomainPaging.Map(table, start + offset, host.FrameOf(_asTenant, offset / page, page), page, Protection.Read | Protection.Write, new InvalidationGather());
    }
}
