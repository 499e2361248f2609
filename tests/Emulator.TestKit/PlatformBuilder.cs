using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;

namespace Emulator.TestKit;

/// <summary>What a platform is, said word by word: an Arm SMMUv3 under the defaults of <see cref="HostSpecification"/> unless told otherwise, with buffers of 1 MiB and devices
/// that send until they are stopped. Each call gives a new builder.</summary>
public sealed record PlatformBuilder
{
    private const long UntilStopped = 1L << 40;

    internal PlatformBuilder(string name) => Specification = new HostSpecification
    {
        Name = name,
        Room = Find("arm-smmu-v3"),
        BufferSize = 1 << 20,
        Workload = new Workload { TotalDmas = UntilStopped },
    };

    /// <summary>The host so far.</summary>
    public HostSpecification Specification { get; private init; }

    /// <summary>The names given to the tenants, in their order.</summary>
    public IReadOnlyList<string> TenantNames { get; private init; } = [];

    /// <summary>Chooses the IOMMU.</summary>
    /// <param name="name">Its name in the catalogue, such as <c>intel</c>.</param>
    /// <param name="variant">Its hardware variant; null for the first.</param>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public PlatformBuilder Iommu(string name, string? variant = null) => With(host => host with { Room = Find(name), Variant = variant });

    /// <summary>Chooses whose driver sequences are followed.</summary>
    /// <param name="version"><c>6.1</c> or <c>6.12</c>.</param>
    /// <exception cref="ArgumentException">It is another one.</exception>
    public PlatformBuilder Kernel(string version)
    {
        var kernel = version switch
        {
            "6.1" => KernelVersion.Linux61,
            "6.12" => KernelVersion.Linux612,
            _ => throw new ArgumentException($"kernel '{version}' is neither 6.1 nor 6.12", nameof(version)),
        };
        return With(host => host with { Kernel = kernel });
    }

    /// <summary>Chooses how a group is blocked between two owners.</summary>
    public PlatformBuilder Blocking(BlockingStrategy strategy) => With(host => host with { Strategy = strategy });

    /// <summary>Chooses how driver sequences reach the silicon.</summary>
    public PlatformBuilder Pacing(DriverPacing pacing) => With(host => host with { Pacing = pacing });

    /// <summary>Chooses size and shape of each IOTLB; <see cref="IotlbGeometry.WithoutLimit"/> shows every stale answer that software leaves possible.</summary>
    public PlatformBuilder Iotlb(IotlbGeometry geometry) => With(host => host with { Iotlb = geometry });

    /// <summary>Says how many devices there are.</summary>
    /// <param name="count">1 to <see cref="HostSpecification.MaxDevices"/>.</param>
    /// <param name="perGroup">Devices in a group; null as of <see cref="HostSpecification.DevicesPerGroup"/>.</param>
    public PlatformBuilder Devices(int count, int? perGroup = null) => With(host => host with { Devices = count, DevicesPerGroup = perGroup });

    /// <summary>Says how many tenants there are; they are called <c>a</c>, <c>b</c> and so on.</summary>
    /// <param name="count">1 to <see cref="HostSpecification.MaxTenants"/>.</param>
    public PlatformBuilder Tenants(int count) => With(host => host with { Tenants = count }) with { TenantNames = [] };

    /// <summary>Says who the tenants are.</summary>
    /// <param name="names">Their names, each once.</param>
    /// <exception cref="ArgumentException">A name stands twice.</exception>
    public PlatformBuilder Tenants(params IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        if (names.Distinct(StringComparer.Ordinal).Count() != names.Count)
            throw new ArgumentException($"two tenants have one name among {string.Join(", ", names)}", nameof(names));
        return With(host => host with { Tenants = names.Count }) with { TenantNames = names };
    }

    /// <summary>Says what each device does while its workload runs.</summary>
    public PlatformBuilder Workload(Workload workload) => With(host => host with { Workload = workload });

    /// <summary>Starts with every group blocked instead of attached to its first tenant.</summary>
    public PlatformBuilder StartsBlocked() => With(host => host with { Start = StartsWith.Blocked });

    /// <summary>Changes anything else of the host.</summary>
    public PlatformBuilder With(Func<HostSpecification, HostSpecification> change)
    {
        ArgumentNullException.ThrowIfNull(change);
        return this with { Specification = change(Specification) };
    }

    // A name that is always the same: in a seeded run names decide on orders.
    internal static PlatformBuilder ForSeededRuns() => new PlatformBuilder("platform")
        .With(host => host with { BufferSize = 64 << 10 })
        .Workload(new Workload { BatchSize = 2, Credits = 2 });

    private static IommuRoom Find(string name) =>
        IommuCatalog.Find(name)
        ?? throw new ArgumentException($"no IOMMU is called '{name}'; there are {string.Join(", ", IommuCatalog.Rooms.Select(room => room.Name))}", nameof(name));
}
