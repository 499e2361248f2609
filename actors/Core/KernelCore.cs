using Akka.Actor;
using Emulator.Actors.Hosts;
using Emulator.Actors.Programming;
using Emulator.Hardware.Core;
using Emulator.Hardware.Core.Iommufd;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Core.CoreMessages;
using static Emulator.Actors.Core.IommufdMessages;

namespace Emulator.Actors.Core;

/// <summary>
/// The core of a kernel that has booted: its groups, the domains that were asked of it, the opened iommufds, and the calls that wait for its locks. It outlives a crash
/// of the actor that uses it, the IOMMU's, so that a call is done once and answered. While a run of its is on the way it belongs to whoever enumerates that.
/// </summary>
internal sealed class KernelCore
{
    /// <summary>The owner of groups that the tenants' protocol has.</summary>
    public static readonly object Tenants = new();

    /// <summary>What is granted where DMA passes untranslated: everything.</summary>
    public static readonly OwnerTag AllMemory = new(int.MaxValue - 2);

    private const long LastErrno = 4095;

    private readonly EmulatedHost _host;
    private readonly Queue<(object Request, IActorRef Sender)> _waiting = new();
    private readonly List<IommuDomain> _domains = [];
    private readonly Dictionary<int, IommufdFile> _files = [];
    private int _opened;

    public KernelCore(EmulatedHost host)
    {
        _host = host;
        Groups = [.. Enumerable.Range(0, host.Specification.Groups).Select(MakeGroup)];
    }

    public IReadOnlyList<CoreGroup> Groups { get; }

    /// <summary>The type of the default domain that configuration says.</summary>
    public DomainType DefaultType => _host.Specification.Core.Group.DefaultDomainType ?? DomainType.Platform;

    private string Host => _host.Specification.Name;

    /// <summary>What a domain of that type lets DMA reach when nobody has mapped anything in it: the kernel's own mappings are of the kernel's memory.</summary>
    public static OwnerTag GrantedByType(DomainType type) => type switch
    {
        DomainType.Identity or DomainType.Platform => AllMemory,
        DomainType.Dma or DomainType.DmaFlushQueue => OwnerTag.Host,
        _ => OwnerTag.None,
    };

    /// <summary>A device, as VFIO and iommufd have it.</summary>
    public IommuDevice? Device(int device) => Groups.Select(group => group.Devices.GetValueOrDefault(device)).FirstOrDefault(found => found != null);

    public IommuDomain? Find(CoreDomain domain) => domain.Id > 0 ? _domains.ElementAtOrDefault(domain.Id - 1) : _host.Driver.Domains.GetValueOrDefault(domain.Tenant);

    public int Keep(IommuDomain domain)
    {
        _domains.Add(domain);
        return _domains.Count;
    }

    /// <summary>What a domain lets DMA reach: a tenant's, the tenant's memory; an iommufd's, that of its process.</summary>
    /// <param name="domain">The domain; null: none, and the silicon is as the probe left it.</param>
    /// <param name="owner">The group's owner.</param>
    public OwnerTag GrantedIn(IommuDomain? domain, object? owner)
    {
        if (domain == null)
            return AllMemory;
        foreach (var (tenant, its) in _host.Driver.Domains)
        {
            if (its == domain)
                return tenant;
        }

        return domain.Type == DomainType.Unmanaged && _files.Values.FirstOrDefault(file => file.Context == owner) is { } file && !_domains.Contains(domain)
            ? file.Tenant
            : GrantedByType(domain.Type);
    }

    public void Forget(IommufdFile file) => _files.Remove(file.Id);

    /// <summary>What the probe of a group ends with.</summary>
    public DriverRun Boot(int group, IActorRef host)
    {
        var booted = Groups[group];
        return Run(
            RunPurpose.Probe,
            () => DriverSequence.InTurn(_host.DevicesOf(group).Select(_host.Platform.Driver.ResumeDevice).Prepend(booted.Group.AttachDefault())),
            [new CoreGrant(group, AllMemory)],
            null,
            host);
    }

    /// <summary>A device was pulled out.</summary>
    public IEnumerable<DriverStep> Remove(int device) => Device(device) is { } gone ? gone.Group.ReleaseDevice(gone.Member) : [];

    public void Enqueue(object request, IActorRef sender) => _waiting.Enqueue((request, sender));

    /// <summary>The next call's run; null when none waits.</summary>
    public DriverRun? Next() => _waiting.TryDequeue(out var waiting)
        ? waiting.Request switch
        {
            PerformCall call => Run(call, waiting.Sender),
            IommufdCall call => Run(call, waiting.Sender),
            var open => Run(RunPurpose.Core, () => Open((OpenIommufd)open), [], open, waiting.Sender),
        }
        : null;

    /// <summary>Answers a call.</summary>
    public void End(DriverRun run)
    {
        var errno = run.Failure != null ? Errno.EIO : run.Result is < 0 and >= -LastErrno ? (Errno)(-run.Result) : Errno.None;
        var value = errno == Errno.None ? run.Result : 0;
        foreach (var grant in run.Grants)
            Note(Groups[grant.Group], run.ReplyTo);
        switch (run.Request)
        {
            case PerformCall call:
                var group = Groups[call.Group];
                var bug = run.Failure is { } failure ? [failure] : Array.Empty<string>();
                var answer = IsTenants(call)
                    ? HeldByTenants(Host, new CallCore(call.Group, call.Call))
                    : new CoreAnswer(Host, call.Group, errno, value, group.Group.State, group.Group.OwnerCount, [.. group.TakeWarnings(), .. bug]);
                call.Requester.Tell(answer);
                run.ReplyTo.Tell(new CallEnded(call, answer));
                break;
            case IommufdCall call:
                IReadOnlyList<PageFault> faults = [];
                if (errno == Errno.None && _files.TryGetValue(call.Context, out var file))
                {
                    file.Note(value);
                    (faults, file.FaultsRead) = (file.FaultsRead, []);
                }

                run.ReplyTo.Tell(new IommufdAnswer(Host, call.Context, errno, value) { Faults = faults });
                break;
            case OpenIommufd:
                run.ReplyTo.Tell(new IommufdAnswer(Host, (int)value, errno, value));
                break;
        }
    }

    private bool IsTenants(PerformCall call) => Groups[call.Group].IsTenants && call.Call is not (CoreCall.ClaimForTenants or CoreCall.Query);

    private DriverRun Run(PerformCall call, IActorRef sender)
    {
        var group = Groups[call.Group];
        // The core looks at owners for claims only.
        return IsTenants(call)
            ? Run(RunPurpose.Core, () => [DriverStep.Fail(Errno.EBUSY)], [], call, sender)
            : Run(RunPurpose.Core, () => call.Call.Perform(group), [new CoreGrant(call.Group, call.Call.Aim(group), group.Granted)], call, sender);
    }

    private DriverRun Run(IommufdCall call, IActorRef sender) => _files.TryGetValue(call.Context, out var file)
        ? Run(RunPurpose.Core, () => call.Operation.Perform(file), [.. call.Operation.Aims(file)], call, sender)
        : Run(RunPurpose.Core, () => [DriverStep.Fail(Errno.ENOENT)], [], call, sender);

    private DriverRun Run(RunPurpose purpose, Func<IEnumerable<DriverStep>> operation, IReadOnlyList<CoreGrant> grants, object? request, IActorRef replyTo) =>
        new(purpose, Whole(operation), _host.Specification.DriverStepLimit)
        {
            Grants = grants,
            Request = request,
            ReplyTo = replyTo,
            AtEnd = ended => ended.Grants = [.. grants.Select(grant => new CoreGrant(grant.Group, Groups[grant.Group].Granted))],
        };

    // What the driver throws as an error is the call's result.
    private static IEnumerable<DriverStep> Whole(Func<IEnumerable<DriverStep>> operation)
    {
        var result = new SequenceResult();
        foreach (var step in result.Of(Lazily()))
            yield return step;
        yield return DriverStep.Return(result.Value);

        IEnumerable<DriverStep> Lazily()
        {
            foreach (var step in operation())
                yield return step;
        }
    }

    private IEnumerable<DriverStep> Open(OpenIommufd open)
    {
        var tenant = open.Tenant.Value - 1;
        if (tenant < 0 || tenant >= _host.Specification.Tenants)
            return [DriverStep.Fail(Errno.EINVAL)];
        const ulong Page = PhysicalMemory.FrameSize;
        var pages = Enumerable.Range(0, (int)(_host.Specification.BufferSize / Page));
        UserRange[] buffer = [.. pages.Select(page => new UserRange(_host.FrameOf(tenant, (ulong)page, Page), Page))];
        _opened++;
        _files.Add(_opened, new IommufdFile(this, _opened, open.Tenant, new UserMemory(_host.Layout.IovaBase, buffer), new IommufdContext(_host.Platform.Memory)));
        return [DriverStep.Return(_opened)];
    }

    // For the tenants' protocol; and where the driver maps for attached domains only, the tenant's buffer is mapped now.
    private void Note(CoreGroup group, IActorRef replyTo)
    {
        var memory = _host.Driver;
        var domain = group.Group.Domain is { Type: not (DomainType.Blocked or DomainType.Platform) } attached ? attached : null;
        if (domain != null && domain != memory.Attached[group.Index] && memory.Writers.TryGetValue(domain, out var writer))
            writer.Tell(new ProgrammingMessages.MapAttached(new ProgrammingMessages.Programmed(group.Index, default, RunPurpose.Core, null), replyTo));
        memory.Attached[group.Index] = domain;
    }

    private CoreGroup MakeGroup(int index)
    {
        var (specification, driver) = (_host.Specification, _host.Platform.Driver);
        var options = specification.Core;
        var first = index * specification.GroupSize;
        var members = _host.DevicesOf(index).Select((device, offset) => new GroupMember(device)
        {
            RequiresDirect = options.DirectDevices.Contains(first + offset),
            AttachDeferred = options.DeferredDevices.Contains(first + offset),
        }).ToList();
        var group = new IommuGroup(driver, members, options.Group);
        return new CoreGroup(this, index, group, members.Index().ToDictionary(pair => first + pair.Index, pair => new IommuDevice(driver, group, pair.Item)));
    }
}
