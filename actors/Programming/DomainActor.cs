using System.Numerics;
using Akka.Actor;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using static Emulator.Actors.Programming.DomainMessages;
using static Emulator.Actors.Programming.ProgrammingMessages;

namespace Emulator.Actors.Programming;

/// <summary>A tenant's domain: the one writer of its page table. Entries are stored beside the running silicon; the invalidations that follow go
/// through the IOMMU's actor.</summary>
internal sealed class DomainActor : UntypedActor
{
    private readonly EmulatedHost _host;
    private readonly IActorRef _iommu;
    private readonly int _tenant;
    private readonly OwnerTag _tag;
    private readonly SortedDictionary<long, (object Request, Action<string?> Answer)> _pending = [];
    private IommuDomain? _domain;
    private long _ticket;

    public DomainActor(EmulatedHost host, int tenant, IActorRef iommu)
    {
        _host = host;
        _tenant = tenant;
        _tag = HostSpecification.TenantTag(tenant);
        _iommu = iommu;
    }

    protected override void PreStart() => _iommu.Tell(new AllocateDomain(_tag));

    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        Context.Parent.Tell(new SupervisionMessages.ChildRestarted(ActorKind.Domain, _tenant));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case DomainAllocated allocated:
                _domain = allocated.Domain;
                MapBuffer();
                break;
            case DomainRefused refused:
                Context.Parent.Tell(new DomainReady(_tag, refused.Reason));
                break;
            case Map map:
                MapRange(map);
                break;
            case Unmap unmap:
                UnmapRange(unmap);
                break;
            case Invalidated done when _pending.Remove(done.Ticket, out var waiting):
                waiting.Answer(done.Failure);
                break;
            case Invalidated:
                break;
            case IommuRestarted when _domain == null:
                _iommu.Tell(new AllocateDomain(_tag));
                break;
            case IommuRestarted:
                foreach (var (request, _) in _pending.Values)
                    _iommu.Tell(request);
                break;
            case SupervisionMessages.CrashActor crash:
                throw InjectedCrashException.Of(crash);
            default:
                Unhandled(message);
                break;
        }
    }

    // After a crash some of the buffer is mapped already: only what is missing is mapped.
    private void MapBuffer()
    {
        var (start, size) = (_host.Specification.IovaBase, _host.Specification.BufferSize);
        if (_domain!.PageTable is not { } table)
        {
            MapBufferByDriver(_domain, start, size);
            return;
        }

        var page = Math.Min(size, 1UL << BitOperations.TrailingZeroCount(table.PageSizeBitmap));
        var gather = new InvalidationGather();
        for (var offset = 0UL; offset < size; offset += page)
        {
            if (table.Lookup(start + offset) != null)
                continue;
            var result = DomainPaging.Map(table, start + offset, _host.FrameOf(_tenant, offset / page, page), page, Protection.Read | Protection.Write, gather);
            if (result.Errno == Errno.None)
                continue;
            Context.Parent.Tell(new DomainReady(_tag, $"mapping 0x{start + offset:x} failed (-{result.Errno})"));
            return;
        }

        var parent = Context.Parent;
        Ask(new SyncMap(_domain, new Iova(start), size, gather, ++_ticket), _ticket, failure => parent.Tell(new DomainReady(_tag, failure)));
    }

    private void MapBufferByDriver(IommuDomain domain, ulong start, ulong size)
    {
        const ulong Page = PhysicalMemory.FrameSize;
        var parent = Context.Parent;
        var steps = DriverSequence.InTurn(Enumerable.Range(0, (int)(size / Page)).Select(page => (ulong)page).Select(page =>
            _host.Platform.Driver.Map(domain, start + (page * Page), _host.FrameOf(_tenant, page, Page), Page, Protection.Read | Protection.Write)));
        Ask(new MapByDriver(steps, ++_ticket), _ticket, failure => parent.Tell(new DomainReady(_tag, failure == null ? null : $"mapping the buffer failed: {failure}")));
    }

    private void MapRange(Map map)
    {
        var sender = Sender;
        if (_domain == null)
        {
            sender.Tell(new Mapped(map.Iova, 0, "the domain is not made yet"));
            return;
        }

        if (_domain.PageTable is not { } table)
        {
            var steps = _host.Platform.Driver.Map(_domain, map.Iova.Value, map.Physical.Value, map.Size, map.Protection);
            Ask(new MapByDriver(steps, ++_ticket), _ticket, failure => sender.Tell(new Mapped(map.Iova, failure == null ? map.Size : 0, failure)));
            return;
        }

        var gather = new InvalidationGather();
        var result = DomainPaging.Map(table, map.Iova.Value, map.Physical.Value, map.Size, map.Protection, gather);
        if (result.Errno != Errno.None)
            Ask(new Sync(_domain, gather, ++_ticket), _ticket, _ => sender.Tell(new Mapped(map.Iova, 0, $"-{result.Errno}")));
        else
            Ask(new SyncMap(_domain, map.Iova, map.Size, gather, ++_ticket), _ticket, failure => sender.Tell(new Mapped(map.Iova, result.Mapped, failure)));
    }

    private void UnmapRange(Unmap unmap)
    {
        var sender = Sender;
        if (_domain == null)
        {
            sender.Tell(new Unmapped(unmap.Iova, 0, "the domain is not made yet"));
            return;
        }

        if (_domain.PageTable is not { } table)
        {
            var steps = _host.Platform.Driver.Unmap(_domain, unmap.Iova.Value, unmap.Size);
            Ask(new MapByDriver(steps, ++_ticket), _ticket, failure => sender.Tell(new Unmapped(unmap.Iova, failure == null ? unmap.Size : 0, failure)));
            return;
        }

        var gather = new InvalidationGather();
        var size = DomainPaging.Unmap(table, unmap.Iova.Value, unmap.Size, gather);
        Ask(new Sync(_domain, gather, ++_ticket), _ticket, failure => sender.Tell(new Unmapped(unmap.Iova, size, failure)));
    }

    private void Ask(object request, long ticket, Action<string?> answer)
    {
        _pending.Add(ticket, (request, answer));
        _iommu.Tell(request);
    }
}
