using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Silicon;
using Emulator.Actors.Timing;

namespace Emulator.Actors.Hosts;

/// <summary>How each actor of a host is made: the one place that names their dispatchers and mailboxes, which configuration defines.</summary>
/// <param name="TranslationDispatcher">Path of the configuration of the translation actor's dispatcher.</param>
internal sealed record HostProps(string TranslationDispatcher)
{
    /// <summary>Path of the configuration of the mailbox with two lanes.</summary>
    public const string ControlAwareMailbox = "emulator.control-aware-mailbox";

    /// <summary>Path of the configuration of the dispatcher of a host's actors, its pinned translation actor aside.</summary>
    public const string HostDispatcher = "emulator.host-dispatcher";

    public Props Host(EmulatedHost host) => Props.Create<HostActor>(host, this);

    public Props Translation(EmulatedHost host, IActorRef checker, IActorRef iommu) =>
        Props.Create<TranslationActor>(host, checker, iommu).WithDispatcher(TranslationDispatcher).WithMailbox(ControlAwareMailbox);

    public static Props Checker(EmulatedHost host) => Props.Create<IsolationChecker>(host).WithDispatcher(HostDispatcher);

    public static Props Iommu(EmulatedHost host) => Props.Create<IommuActor>(host).WithDispatcher(HostDispatcher);

    public static Props Domain(EmulatedHost host, int tenant, IActorRef iommu) => Props.Create<DomainActor>(host, tenant, iommu).WithDispatcher(HostDispatcher);

    public static Props Group(EmulatedHost host, int group, IActorRef translation, IActorRef iommu) => Props.Create<GroupActor>(host, group, translation, iommu).WithDispatcher(HostDispatcher);

    public static Props Device(EmulatedHost host, int device, IActorRef translation) =>
        (host.Timed == null ? Props.Create<DeviceActor>(host, device, translation) : Props.Create<TimedDeviceActor>(host, device, translation)).WithDispatcher(HostDispatcher);
}
