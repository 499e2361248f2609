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
    private readonly SortedDictionary<long, (object Request, Action<Invalidated> Answer)> _pending = [];
    private IommuDomain? _domain;
    private bool _mapsWhenAttached;
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
            case MapAttached attached:
                MapAttachedBuffer(attached);
                break;
            case Map map:
                MapRange(map);
                break;
            case Unmap unmap:
                UnmapRange(unmap);
                break;
            case Invalidated done when _pending.Remove(done.Ticket, out var waiting):
                waiting.Answer(done);
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
        var (start, size) = (_host.Layout.IovaBase, _host.Specification.BufferSize);
        if (_domain!.PageTable is not { } table)
        {
            AskToMap(_domain, done =>
            {
                // Some drivers map only for attached devices: then the buffer is mapped after each attach.
                _mapsWhenAttached = done.Error == Errno.EINVAL && _domain.PageTable == null;
                Context.Parent.Tell(new DomainReady(_tag, _mapsWhenAttached ? null : MappingFailure(done)));
            });
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

        Ask(new SyncMap(_domain, new Iova(start), size, gather, ++_ticket), _ticket, done => Context.Parent.Tell(new DomainReady(_tag, done.Failure)));
    }

    private void MapAttachedBuffer(MapAttached attached)
    {
        if (!_mapsWhenAttached)
            attached.Group.Tell(attached.Answer);
        else
            AskToMap(_domain!, done => attached.Group.Tell(attached.Answer with { Failure = MappingFailure(done) }));
    }

    // The driver's own map, page by page. What is mapped already is seen when the driver gets there: an attach before it in line may have lost it.
    private void AskToMap(IommuDomain domain, Action<Invalidated> answer)
    {
        const ulong Page = PhysicalMemory.FrameSize;
        var start = _host.Layout.IovaBase;
        var pages = Enumerable.Range(0, (int)(_host.Specification.BufferSize / Page)).Select(page => (ulong)page);
        var steps = DriverSequence.InTurn(pages.Where(page => domain.PageTable?.Lookup(start + (page * Page)) is null or 0).Select(page =>
            _host.Platform.Driver.Map(domain, start + (page * Page), _host.FrameOf(_tenant, page, Page), Page, Protection.Read | Protection.Write)));
        Ask(new MapByDriver(steps, ++_ticket), _ticket, answer);
    }

    private static string? MappingFailure(Invalidated done) => done switch
    {
        { Failure: null } => null,
        { Error: Errno.ENODEV } => "the driver maps nothing (-ENODEV): its domains are windows to all memory, so no two tenants can be kept apart",
        _ => $"mapping the buffer failed: {done.Failure}",
    };

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
            Ask(new MapByDriver(steps, ++_ticket), _ticket, done => sender.Tell(new Mapped(map.Iova, done.Failure == null ? map.Size : 0, done.Failure)));
            return;
        }

        var gather = new InvalidationGather();
        var result = DomainPaging.Map(table, map.Iova.Value, map.Physical.Value, map.Size, map.Protection, gather);
        if (result.Errno != Errno.None)
            Ask(new Sync(_domain, gather, ++_ticket), _ticket, _ => sender.Tell(new Mapped(map.Iova, 0, $"-{result.Errno}")));
        else
            Ask(new SyncMap(_domain, map.Iova, map.Size, gather, ++_ticket), _ticket, done => sender.Tell(new Mapped(map.Iova, result.Mapped, done.Failure)));
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
            Ask(new MapByDriver(steps, ++_ticket), _ticket, done => sender.Tell(new Unmapped(unmap.Iova, done.Failure == null ? unmap.Size : 0, done.Failure)));
            return;
        }

        var gather = new InvalidationGather();
        var size = DomainPaging.Unmap(table, unmap.Iova.Value, unmap.Size, gather);
        Ask(new Sync(_domain, gather, ++_ticket), _ticket, done => sender.Tell(new Unmapped(unmap.Iova, size, done.Failure)));
    }

    private void Ask(object request, long ticket, Action<Invalidated> answer)
    {
        _pending.Add(ticket, (request, answer));
        _iommu.Tell(request);
    }
}
