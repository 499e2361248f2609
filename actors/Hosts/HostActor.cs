using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Silicon;
using Emulator.Actors.Timing;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Hosts.HostMessages;
using static Emulator.Actors.Hosts.SupervisionMessages;

namespace Emulator.Actors.Hosts;

/// <summary>An emulated host: brings up its IOMMU, domains and groups, supervises all its actors, and has every group blocked that a crash of one of them may have left
/// in doubt.</summary>
internal sealed class HostActor : ReceiveActor
{
    private readonly EmulatedHost _host;
    private readonly HostProps _props;
    private readonly HashSet<OwnerTag> _domainsReady = [];
    private readonly HashSet<int> _devicesRunning = [];
    private readonly HashSet<int> _groupsToStart = [];
    private readonly List<IActorRef> _startWaiters = [];
    private readonly List<IActorRef> _workloadWaiters = [];
    private readonly Epoch[] _epochs;
    private IActorRef _checker = ActorRefs.Nobody;
    private IActorRef _iommu = ActorRefs.Nobody;
    private IActorRef _translation = ActorRefs.Nobody;
    private IActorRef[] _domains = [];
    private IActorRef[] _groups = [];
    private IActorRef[] _devices = [];
    private bool _probed;
    private bool _joined;
    private string? _failure;

    public HostActor(EmulatedHost host, HostProps props)
    {
        _host = host;
        _props = props;
        _epochs = new Epoch[host.Specification.Groups];
        _probed = host.HasStarted;
        FromOutside();
        BringUp();
        Supervision();
    }

    private HostSpecification Specification => _host.Specification;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Restart);

    protected override void PreStart()
    {
        _checker = Context.ActorOf(HostProps.Checker(_host), "checker");
        _iommu = Context.ActorOf(HostProps.Iommu(_host), "iommu");
        _translation = Context.ActorOf(_props.Translation(_host, _checker, _iommu), "translation");
        _domains = [.. Enumerable.Range(0, Specification.Tenants).Select(tenant => Context.ActorOf(HostProps.Domain(_host, tenant, _iommu), $"domain-{tenant}"))];
        _groups = [.. Enumerable.Range(0, Specification.Groups).Select(group => Context.ActorOf(HostProps.Group(_host, group, _translation, _iommu), $"group-{group}"))];
        _devices = [.. Enumerable.Range(0, Specification.Devices).Select(device => Context.ActorOf(HostProps.Device(_host, device, _translation), $"device-{device}"))];
        if (Specification.Strategy == BlockingStrategy.Native && !_host.Platform.Driver.HasNativeBlocking)
            FailStart($"the {Specification.Kernel} driver of {Specification.Room.Name} has no blocking domain of its own; choose another strategy");
    }

    protected override void PreRestart(Exception reason, object message)
    {
        FailStart("the host's actor has crashed");
        EndWorkload();
        base.PreRestart(reason, message);
    }

    protected override void PostRestart(Exception reason)
    {
        _host.Ownership.AddRestart();
        base.PostRestart(reason);
    }

    private void FromOutside()
    {
        Receive<WaitUntilStarted>(_ =>
        {
            _startWaiters.Add(Sender);
            AnswerStart();
        });
        Receive<Join>(join =>
        {
            _host.Coordinator = join.Coordinator;
            _joined = false;
            AnswerStart();
        });
        Receive<StartWorkload>(_ =>
        {
            for (var device = 0; device < _devices.Length; device++)
            {
                _devicesRunning.Add(device);
                if (_host.Timed == null)
                    _devices[device].Tell(new DeviceMessages.Start(_epochs[device / Specification.GroupSize]));
            }

            if (_host.Timed != null)
                _translation.Tell(new TimedMessages.Begin(_devices));
        });
        Receive<StopWorkload>(_ => TellAll(_devices, new DeviceMessages.Stop()));
        Receive<TimedMessages.Advance>(_ => _host.Timed == null, _ => Sender.Tell(NoVirtualTime("it has no virtual time")));
        Receive<TimedMessages.Advance>(advance => _translation.Forward(advance));
        Receive<TimedMessages.GetReport>(_ => _host.Timed == null, _ => Sender.Tell(NoVirtualTime("it has no virtual time")));
        Receive<TimedMessages.GetReport>(_ => _devicesRunning.Count > 0, _ => Sender.Tell(NoVirtualTime("its workloads are going on")));
        Receive<TimedMessages.GetReport>(_ => Sender.Tell(_host.Timed!.Report()));
        Receive<SendDma>(_ => _host.Timed != null, _ => Sender.Tell(NoVirtualTime("its devices send in virtual time, and nothing besides their workloads")));
        Receive<SendDma>(send =>
        {
            if (send.Device >= 0 && send.Device < _devices.Length && send.Requests.Count is > 0 and <= DmaBatch.Capacity)
                _devices[send.Device].Forward(new DeviceMessages.Send(_epochs[send.Device / Specification.GroupSize], send.Requests));
            else
                Sender.Tell(new Status.Failure(new ArgumentException($"host {Specification.Name} has {_devices.Length} devices, each sends 1 to {DmaBatch.Capacity} DMAs at once")));
        });
        Receive<WaitForWorkload>(_ =>
        {
            _workloadWaiters.Add(Sender);
            if (_devicesRunning.Count == 0)
                EndWorkload();
        });
        Receive<Reassign>(reassign => !IsTenant(reassign.ToTenant), reassign => Refuse(reassign.Group, $"{reassign.ToTenant} is no tenant of host {Specification.Name}"));
        Receive<Reassign>(reassign => ToGroup(reassign.Group, reassign));
        Receive<BlockGroup>(block => ToGroup(block.Group, block));
        Receive<ClaimGroup>(claim => !IsTenant(claim.Tenant), claim => Refuse(claim.Group, $"{claim.Tenant} is no tenant of host {Specification.Name}"));
        Receive<ClaimGroup>(claim => ToGroup(claim.Group, claim));
        Receive<CoreMessages.CallCore>(call => (uint)call.Group >= _groups.Length, call => Sender.Tell(CoreMessages.NoSuchGroup(Specification.Name, call)));
        Receive<CoreMessages.CallCore>(call => _groups[call.Group].Forward(call));
        Receive<IommufdMessages.OpenIommufd>(
            _ => Specification is { Start: not StartsWith.Kernel } or { Kernel: KernelVersion.Linux61 },
            _ => Sender.Tell(new IommufdMessages.IommufdAnswer(Specification.Name, 0, Errno.EOPNOTSUPP, 0)));
        Receive<IommufdMessages.OpenIommufd>(open => _iommu.Forward(open));
        Receive<IommufdMessages.IommufdCall>(
            _ => Specification.Start != StartsWith.Kernel, call => Sender.Tell(new IommufdMessages.IommufdAnswer(Specification.Name, call.Context, Errno.ENOENT, 0)));
        Receive<IommufdMessages.IommufdCall>(call => _iommu.Forward(call));
        Receive<GetStatistics>(_ => _translation.Tell(new IsolationMessages.CollectStatistics(Sender)));
        Receive<CrashActor>(Crash);
        Receive<FaultMessages.InjectFault>(Inject);
    }

    private void BringUp()
    {
        Receive<SiliconMessages.NeedSilicon>(_ => Sender.Tell(new SiliconMessages.Silicon(_translation)));
        Receive<IsolationMessages.StateGrants>(grants => _translation.Tell(grants));
        Receive<ProgrammingMessages.IommuProbed>(probed =>
        {
            _probed = probed.Failure == null;
            if (probed.Failure != null)
                FailStart($"probing failed: {probed.Failure}");
            AttachFirst();
        });
        Receive<DomainMessages.DomainReady>(ready =>
        {
            if (ready.Failure != null)
                FailStart($"the domain of {ready.Tenant}: {ready.Failure}");
            else if (_domainsReady.Add(ready.Tenant))
                AttachFirst();
        });
        Receive<OwnershipMessages.ChangeEnded>(ended =>
        {
            _epochs[ended.Group] = ended.Epoch;
            if (ended.Succeeded && ended.IsReassignment)
                _host.Ownership.AddReassignment(ended.BlockedTime);
            else if (!ended.Succeeded)
                _host.Ownership.AddFailure();
            if (!ended.Succeeded && _groupsToStart.Contains(ended.Group))
                FailStart($"group {ended.Group} can't be attached to {ended.Tenant}");
            EndStart(ended.Group);
        });
        Receive<GroupBlocked>(blocked =>
        {
            _epochs[blocked.Group] = blocked.Epoch;
            EndStart(blocked.Group);
        });
        Receive<OwnerLost>(lost => _host.Coordinator.Tell(lost));
        // The host asked for the first attaches itself; their ends come as ChangeEnded, those of the first blocks as GroupBlocked.
        Receive<Reassigned>(_ => { });
        Receive<ReassignmentFailed>(failed => FailStart($"group {failed.Group}: {failed.Reason}"));
        Receive<DeviceMessages.Finished>(finished => EndDevice(finished.Device));
    }

    private void Supervision() => Receive<ChildRestarted>(restarted =>
    {
        var again = new OwnershipMessages.BlockAgain($"the {restarted.Kind} actor has crashed");
        switch (restarted.Kind)
        {
            case ActorKind.Translation:
                _iommu.Tell(new SiliconMessages.Silicon(_translation));
                TellAll(_groups, again);
                break;
            case ActorKind.Iommu:
                TellAll(_domains, new DomainMessages.IommuRestarted());
                TellAll(_groups, again);
                break;
            case ActorKind.Checker:
                TellAll(_groups, again);
                break;
            case ActorKind.Domain:
                TellAll(_groups, again with { OnlyTenant = HostSpecification.TenantTag(restarted.Index) });
                break;
            case ActorKind.Device:
                _groups[restarted.Index / Specification.GroupSize].Tell(again);
                EndDevice(restarted.Index);
                break;
        }

        // Counted when every group concerned has been told.
        _host.Ownership.AddRestart();
    });

    private void AttachFirst()
    {
        if (!_probed || _domainsReady.Count < Specification.Tenants || _failure != null)
            return;
        if (!_host.HasStarted)
        {
            _host.HasStarted = true;
            for (var group = 0; group < _groups.Length && Specification.Start != StartsWith.Kernel; group++)
            {
                _groupsToStart.Add(group);
                _groups[group].Tell(Specification.Start == StartsWith.Blocked ? new BlockGroup(group) : new Reassign(group, Specification.FirstTenant(group)));
            }
        }

        AnswerStart();
    }

    private void AnswerStart()
    {
        var stands = _host.HasStarted && _probed && _domainsReady.Count == Specification.Tenants && _groupsToStart.Count == 0;
        if (_failure == null && !stands)
            return;
        if (_failure == null && !_joined)
        {
            _joined = true;
            _host.Coordinator.Tell(new HostJoined(Specification.Name, Self, Specification.Devices, Specification.GroupSize, Specification.Tenants));
        }

        object answer = _failure == null ? new HostStarted(Specification.Name) : new HostFailed(Specification.Name, _failure);
        TellAll(_startWaiters, answer);
        _startWaiters.Clear();
    }

    private void EndStart(int group)
    {
        if (_groupsToStart.Remove(group))
            AnswerStart();
    }

    private void FailStart(string reason)
    {
        _failure ??= reason;
        AnswerStart();
    }

    private void EndDevice(int device)
    {
        if (_devicesRunning.Remove(device) && _devicesRunning.Count == 0)
            EndWorkload();
    }

    private void EndWorkload()
    {
        TellAll(_workloadWaiters, new WorkloadFinished(Specification.Name));
        _workloadWaiters.Clear();
    }

    private void Crash(CrashActor crash)
    {
        switch (crash.Kind)
        {
            case ActorKind.Host:
                throw InjectedCrashException.Of(crash);
            case ActorKind.Iommu:
                _iommu.Tell(crash);
                break;
            case ActorKind.Translation:
                _translation.Tell(crash);
                break;
            case ActorKind.Checker:
                _checker.Tell(crash);
                break;
            case ActorKind.Group when crash.Index < _groups.Length:
                _groups[crash.Index].Tell(crash);
                break;
            case ActorKind.Domain when crash.Index < _domains.Length:
                _domains[crash.Index].Tell(crash);
                break;
            case ActorKind.Device when crash.Index < _devices.Length:
                _devices[crash.Index].Tell(crash);
                break;
        }
    }

    private void Inject(FaultMessages.InjectFault inject)
    {
        var fault = inject.Fault;
        if (_host.Timed != null)
        {
            Sender.Tell(new FaultMessages.FaultRefused(Specification.Name, fault, "faults do not strike in virtual time"));
            return;
        }

        if (FaultCatalog.Of(fault.Kind).NeedsSimulation)
        {
            Sender.Tell(new FaultMessages.FaultRefused(Specification.Name, fault, "messages can be touched on their way, and hosts rebooted, in a simulation only"));
            return;
        }

        var device = fault.Target % _devices.Length;
        switch (fault.Kind)
        {
            case FaultKind.KeepsSending or FaultKind.ForgedRequesterId or FaultKind.LyingAts:
                _devices[device].Tell(new FaultMessages.Strike(fault));
                break;
            case FaultKind.HotUnplug:
                _devices[device].Tell(new FaultMessages.Strike(fault));
                _translation.Tell(new FaultMessages.Strike(fault));
                _iommu.Tell(new FaultMessages.DeviceGone(device));
                break;
            case FaultKind.AttachFails or FaultKind.InvalidationTimedOut:
                _iommu.Tell(new FaultMessages.Strike(fault));
                break;
            case FaultKind.ActorRestart:
                var (kind, index, _) = HostActors.Of(Specification, fault.Target);
                Crash(new CrashActor(kind, index));
                break;
            default:
                _translation.Tell(new FaultMessages.Strike(fault));
                break;
        }

        Sender.Tell(new FaultMessages.FaultInjected(Specification.Name, fault));
    }

    private Status.Failure NoVirtualTime(string reason) => new(new InvalidOperationException($"host {Specification.Name}: {reason}"));

    private bool IsTenant(OwnerTag tag) => tag.Value >= 1 && tag.Value <= Specification.Tenants;

    private void ToGroup(int group, object message)
    {
        if (group < 0 || group >= _groups.Length)
            Refuse(group, $"host {Specification.Name} has {_groups.Length} groups");
        else
            _groups[group].Forward(message);
    }

    private void Refuse(int group, string reason) => Sender.Tell(new ReassignmentFailed(Specification.Name, group, OwnershipState.Unclaimed, Epoch.None, reason));

    private static void TellAll(IEnumerable<IActorRef> receivers, object message)
    {
        foreach (var receiver in receivers)
            receiver.Tell(message);
    }
}
