using Akka.Actor;
using Emulator.Actors.Core;
using Emulator.Actors.Devices;
using Emulator.Actors.Isolation;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Silicon;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Telemetry;

namespace Emulator.Actors.Hosts;

/// <summary>
/// What a crash of an actor does not take away: silicon, memory, what the kernel remembers, the epochs, the figures. Each part has one writer,
/// named at the part.
/// </summary>
/// <remarks>
/// Memory: each tenant's buffer has frames of its own, scattered page by page. The frames at the addresses that the tenants use as IOVAs belong to
/// a bystander, so that a DMA that passes untranslated is caught.
/// </remarks>
internal sealed class EmulatedHost : IDisposable
{
    /// <summary>Owns the frames at the identity addresses of the tenants' IOVAs.</summary>
    public static readonly OwnerTag Bystander = new(int.MaxValue);

    private const ulong Scatter = 0x9e3779b1;

    private readonly IDisposable _meters;

    private EmulatedHost(HostSpecification specification, HostLayout layout, Platform platform)
    {
        Specification = specification;
        Pacing = specification.Pacing;
        Layout = layout;
        Platform = platform;
        Devices = [.. Enumerable.Range(0, specification.Devices).Select(platform.Device)];
        Batches = new BatchCounts(specification.Devices);
        Tenures = new GroupTenure[specification.Groups];
        Driver = new DriverMemory(specification.Groups) { Core = specification.Start == StartsWith.Kernel ? new KernelCore(this) : null };
        FreedTables = new FreedTables(this);
        Witness = new IsolationRecord(specification);
        Timed = specification.Timing is { } timing ? new TimedSilicon(this, timing) : null;
        _meters = EmulatorMeters.Register(specification.Name, specification.Room.Name, Dma, Ownership);
        platform.Memory.SetOwner(layout.IovaBase, specification.BufferSize, Bystander);
        platform.Memory.SetOwner(TenantMemory(specification.Tenants), specification.BufferSize, Programming.FreedTables.NextUser);
        for (var tenant = 0; tenant < specification.Tenants; tenant++)
            platform.Memory.SetOwner(TenantMemory(tenant), specification.BufferSize, HostSpecification.TenantTag(tenant));
        // A kernel's own devices use the kernel's memory.
        if (specification.RunsPrograms)
        {
            platform.Memory.SetOwner(TenantMemory(0), specification.BufferSize, OwnerTag.Host);
            foreach (var own in Enumerable.Range(0, specification.Devices).Select(device => specification.WorkloadOf(device).Program!).Distinct().SelectMany(program => program.OwnMemory).Distinct())
                platform.Memory.SetOwner(own.Physical, own.Length, OwnerTag.Host);
        }
    }

    public HostSpecification Specification { get; }

    public HostLayout Layout { get; }

    public Platform Platform { get; }

    public IReadOnlyList<DmaDevice> Devices { get; }

    /// <summary>The host's virtual time; null when it has none. User: the translation actor, its clock and records aside.</summary>
    public TimedSilicon? Timed { get; }

    /// <summary>The clock of what happens on the host.</summary>
    public TimeProvider Time => Timed?.Clock ?? Specification.Time;

    /// <summary>How driver sequences reach the silicon: as specified, unless a simulation brings the host up faster.</summary>
    public DriverPacing Pacing { get; set; }

    /// <summary>Told of each change of a group's state at the silicon, as it happens; null when nobody looks.</summary>
    public Action<int, GroupTenure>? TenureObserver { get; set; }

    /// <summary>Told of each batch that the checker has checked, before it returns to its device, whose it is again afterwards; null when nobody looks.</summary>
    public Action<DmaBatch>? BatchObserver { get; set; }

    /// <summary>Whether the first attach, or block, of every group was asked for. Writer: the host's actor.</summary>
    public bool HasStarted { get; set; }

    /// <summary>Who decides on the owners; nobody when the host stands alone. Writer: the host's actor.</summary>
    public IActorRef Coordinator { get; set; } = ActorRefs.Nobody;

    /// <summary>Writer: the translation actor.</summary>
    public GroupTenure[] Tenures { get; }

    /// <summary>User: the IOMMU's actor.</summary>
    public DriverMemory Driver { get; }

    /// <summary>User: the IOMMU's actor.</summary>
    public FreedTables FreedTables { get; }

    /// <summary>Devices that were pulled out. Writer: the IOMMU's actor.</summary>
    public HashSet<int> Unplugged { get; } = [];

    /// <summary>Writer: the IOMMU's actor.</summary>
    public InterruptFailures InterruptFailures { get; } = new();

    /// <summary>Writer: the checker.</summary>
    public IsolationRecord Witness { get; }

    /// <summary>Writers: each device's actor and the translation actor.</summary>
    public BatchCounts Batches { get; }

    /// <summary>Writer: the translation actor.</summary>
    public DmaCounters Dma { get; } = new();

    /// <summary>Writers: the host's actor; violations and unchecked, the checker.</summary>
    public OwnershipCounters Ownership { get; } = new();

    /// <summary>Who owns frames of that tag, in words.</summary>
    public static string NameOf(OwnerTag owner) =>
        owner == OwnerTag.None ? "nobody" :
        owner == Bystander ? "a bystander" :
        owner == Programming.FreedTables.NextUser ? "whoever got freed tables" :
        owner == KernelCore.AllMemory ? "everybody" :
        owner == OwnerTag.Host ? "the host" :
        owner == OwnerTag.ProtectBuffer ? "the protect buffer" : $"tenant {owner.Value - 1}";

    /// <summary>Builds the host.</summary>
    /// <exception cref="ArgumentException">The specification is outside its limits, the room has no such variant, or the buffers do not fit.</exception>
    public static EmulatedHost Create(HostSpecification specification) => Create(specification, HostLayout.Of(specification));

    /// <summary>Builds another host of a layout that is known.</summary>
    /// <param name="specification">The specification; within its limits.</param>
    /// <param name="layout">What <see cref="HostLayout.Of"/> decided for this specification, names and clocks aside.</param>
    public static EmulatedHost Create(HostSpecification specification, HostLayout layout) => new(specification, layout, specification.CreatePlatform());

    /// <summary>The devices of a group that are there.</summary>
    public IEnumerable<DmaDevice> DevicesOf(int group) =>
        Enumerable.Range(group * Specification.GroupSize, Specification.GroupSize).Where(device => device < Devices.Count && !Unplugged.Contains(device)).Select(device => Devices[device]);

    /// <summary>Where a page of a tenant's buffer is in memory.</summary>
    /// <param name="tenant">The tenant, from 0; the number of tenants for whoever gets freed tables.</param>
    /// <param name="page">The page, from 0.</param>
    /// <param name="pageSize">Bytes of a page; a power of two, at most the buffer's size.</param>
    public ulong FrameOf(int tenant, ulong page, ulong pageSize)
    {
        var pages = Specification.BufferSize / pageSize;
        return TenantMemory(tenant) + ((((page * Scatter) + (ulong)tenant) & (pages - 1)) * pageSize);
    }

    /// <summary>Where the memory of a tenant begins; see <see cref="FrameOf"/>.</summary>
    public ulong TenantMemory(int tenant) => Layout.Memory + ((ulong)tenant * Layout.Stride);

    public void Dispose()
    {
        _meters.Dispose();
        Platform.Dispose();
    }
}
