using Emulator.Actors.Core;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Timing;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Actors.Hosts;

/// <summary>An emulated host: its IOMMU, the devices behind it, the tenants that they pass between.</summary>
public sealed record HostSpecification
{
    /// <summary>Devices of a host at most.</summary>
    public const int MaxDevices = 1024;

    /// <summary>Tenants of a host at most.</summary>
    public const int MaxTenants = 64;

    /// <summary>The host's name: unique in the run; letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    /// <summary>Its kind of IOMMU.</summary>
    public required IommuRoom Room { get; init; }

    /// <summary>The IOMMU's hardware variant; null for the room's first.</summary>
    public string? Variant { get; init; }

    /// <summary>Whose driver sequences are followed.</summary>
    public KernelVersion Kernel { get; init; } = KernelVersion.Linux61;

    /// <summary>Size and shape of each IOTLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>Devices, 1 to <see cref="MaxDevices"/>.</summary>
    public int Devices { get; init; } = 4;

    /// <summary>Devices in a group, at least 1; they change owners together. Group g holds the devices from g times this number. Null: one, or all of them where the
    /// IOMMU has one address space for all.</summary>
    public int? DevicesPerGroup { get; init; }

    /// <summary>Tenants, 1 to <see cref="MaxTenants"/>. Each has a domain of its own and memory of its own; group g's first is tenant g modulo their number.</summary>
    public int Tenants { get; init; } = 2;

    /// <summary>What becomes of the groups when the host starts.</summary>
    public StartsWith Start { get; init; } = StartsWith.FirstTenants;

    /// <summary>What the kernel finds when it boots; used by <see cref="StartsWith.Kernel"/> only.</summary>
    public CoreOptions Core { get; init; } = new();

    /// <summary>How a group is blocked between two owners.</summary>
    public BlockingStrategy Strategy { get; init; } = BlockingStrategy.Empty;

    /// <summary>How driver sequences reach the silicon.</summary>
    public DriverPacing Pacing { get; init; } = DriverPacing.Whole;

    /// <summary>What each device does.</summary>
    public Workload Workload { get; init; } = new();

    /// <summary>What single devices do in place of <see cref="Workload"/>, by their number.</summary>
    public IReadOnlyDictionary<int, Workload> Workloads { get; init; } = new Dictionary<int, Workload>();

    /// <summary>Where each tenant's buffer begins in its domain; a multiple of 2 MiB. Null: 0x1000_0000, or the first address of the domain's geometry where that does not fit.</summary>
    public ulong? IovaBase { get; init; }

    /// <summary>Bytes of each tenant's buffer: a power of two, 64 KiB to 256 MiB.</summary>
    public ulong BufferSize { get; init; } = 4UL << 20;

    /// <summary>How long a group that is being blocked waits for DMAs that the silicon holds, once its blocking steps are done. After that they are given up:
    /// counted as abandoned, and judged like any other should the silicon let them go.</summary>
    public TimeSpan HeldDmaLimit { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Steps of one driver sequence at most, at least 1: some drivers wait for their IOMMU without end. A sequence that is given up has failed.</summary>
    public int DriverStepLimit { get; init; } = 100_000_000;

    /// <summary>How long a group, or the IOMMU's actor, waits for an answer from the silicon before it asks again; the group then begins to block under a new epoch. Above zero.</summary>
    public TimeSpan AnswerLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The clock of blocked times. The waits for held DMA are the actor system's scheduler's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What its hardware takes in virtual time, which then takes the place of <see cref="Time"/>; null: there is no virtual time, and DMA goes as fast as the machine does.</summary>
    public HostTiming? Timing { get; init; }

    /// <summary>How long after a group has left its owner DMA of it may still reach that owner's memory, or memory freed since, as where invalidations are lazy on purpose: such DMA
    /// is counted as exposed, not as a violation. At least zero; by <see cref="Time"/>.</summary>
    public TimeSpan ToleratedExposure { get; init; }

    /// <summary>Violations kept with their circumstances; further ones are counted.</summary>
    public int ViolationsKept { get; init; } = 64;

    /// <summary>A bug that the protocol has on purpose.</summary>
    internal ProtocolMutation Mutation { get; init; }

    /// <summary>Whether a device runs a program with a kernel's driver: then all do, in virtual time, on a host that starts with <see cref="StartsWith.Kernel"/> and has one tenant, whose buffer the
    /// devices share.</summary>
    public bool RunsPrograms => Workload.Program != null || Workloads.Values.Any(workload => workload.Program != null);

    /// <summary>Number of groups.</summary>
    public int Groups => (Devices + GroupSize - 1) / GroupSize;

    /// <summary><see cref="DevicesPerGroup"/>, decided.</summary>
    public int GroupSize => DevicesPerGroup ?? (Room.HasOneAddressSpace ? Devices : 1);

    /// <summary>The owner tag of a tenant's memory.</summary>
    /// <param name="tenant">0 to <see cref="Tenants"/> - 1.</param>
    public static OwnerTag TenantTag(int tenant) => new(tenant + 1);

    /// <summary>The tenant that a group is attached to first.</summary>
    public OwnerTag FirstTenant(int group) => TenantTag(group % Tenants);

    /// <summary>What a device does.</summary>
    public Workload WorkloadOf(int device) => Workloads.GetValueOrDefault(device, Workload);

    /// <summary>Checks the limits.</summary>
    /// <exception cref="ArgumentException">A value is outside its limits; the message names it.</exception>
    public void Validate()
    {
        if (Name.Length == 0 || !Name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-'))
            throw new ArgumentException($"host name '{Name}' is not made of letters, digits and hyphens");
        if (Devices is < 1 or > MaxDevices)
            throw new ArgumentException($"host {Name}: {Devices} devices are outside 1 to {MaxDevices}");
        if (DevicesPerGroup < 1)
            throw new ArgumentException($"host {Name}: {DevicesPerGroup} devices in a group is below 1");
        if (Room.HasOneAddressSpace && GroupSize < Devices)
            throw new ArgumentException($"host {Name}: {Room.Name} has one address space for all devices, so {GroupSize} devices in a group are too few: it must be all {Devices}");
        if (Room.HasOneTable && Tenants > 1)
            throw new ArgumentException($"host {Name}: {Room.Name} has one table for all domains, it cannot keep {Tenants} tenants apart: it must be 1");
        if (Tenants is < 1 or > MaxTenants)
            throw new ArgumentException($"host {Name}: {Tenants} tenants are outside 1 to {MaxTenants}");
        if (BufferSize is < 64UL << 10 or > 256UL << 20 || !ulong.IsPow2(BufferSize))
            throw new ArgumentException($"host {Name}: buffer size {BufferSize} is no power of two from 64 KiB to 256 MiB");
        if (IovaBase is { } iova && (iova & (PhysicalMemory.BankSize - 1)) != 0)
            throw new ArgumentException($"host {Name}: IOVA base 0x{IovaBase:x} is not a multiple of 2 MiB");
        if (HeldDmaLimit < TimeSpan.Zero)
            throw new ArgumentException($"host {Name}: held DMA limit {HeldDmaLimit} is below 0");
        if (DriverStepLimit < 1)
            throw new ArgumentException($"host {Name}: a limit of {DriverStepLimit} driver steps is below 1");
        if (AnswerLimit <= TimeSpan.Zero)
            throw new ArgumentException($"host {Name}: answer limit {AnswerLimit} is not above 0");
        if (ToleratedExposure < TimeSpan.Zero)
            throw new ArgumentException($"host {Name}: tolerated exposure {ToleratedExposure} is below 0");
        if (ViolationsKept < 0)
            throw new ArgumentException($"host {Name}: {ViolationsKept} violations kept is below 0");
        Timing?.Validate();
        if (RunsPrograms)
            ValidatePrograms();
        Workload.Validate();
        foreach (var (device, workload) in Workloads)
        {
            if (device < 0 || device >= Devices)
                throw new ArgumentException($"host {Name}: a workload is given for device {device}, there are {Devices}");
            workload.Validate();
        }
    }

    private void ValidatePrograms()
    {
        if (Timing == null || Start != StartsWith.Kernel || Tenants != 1)
            throw new ArgumentException($"host {Name}: devices with programs need virtual time, a host that starts as a kernel does, and one tenant");
        var modes = Enumerable.Range(0, Devices).Select(device => WorkloadOf(device).DmaMode).Distinct().Count();
        var memory = Enumerable.Range(0, Devices).Max(device => WorkloadOf(device).Program?.Pages(Room.PageSize) * Room.PageSize ?? ulong.MaxValue);
        if (memory == ulong.MaxValue || modes > 1)
            throw new ArgumentException($"host {Name}: either all devices have programs or none has, and all in one DMA mode");
        if (memory > BufferSize / (ulong)Devices)
            throw new ArgumentException($"host {Name}: a program needs {memory} bytes of memory for a device, but a buffer of {BufferSize} bytes gives each of {Devices} devices {BufferSize / (ulong)Devices}");
    }

    /// <summary>A platform with this hardware, and with a place for one device more where there is room: the neighbour that gets what others free.</summary>
    /// <param name="memory">The memory of silicon that it replaces; null for a new platform.</param>
    internal Platform CreatePlatform(PhysicalMemory? memory = null) =>
        Room.Create(new PlatformOptions { Kernel = Kernel, Variant = Variant, Iotlb = Iotlb, Devices = Math.Min(Devices + 1, MaxDevices), Memory = memory });
}
