using System.Numerics;
using System.Text;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Actors.Timing;
using Emulator.Cli.Replay.Loads;
using Emulator.Cli.Survey;
using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Run;

/// <summary>Reads scenario files. <c>scenarios/quickstart.yaml</c> documents every field.</summary>
public static class ScenarioReader
{
    /// <summary>Hosts of a scenario at most.</summary>
    public const int MaxHosts = 64;

    /// <summary>Changes of owner of one host at most.</summary>
    public const int MaxReassignments = 1_000_000;

    private const string QuickStart = "scenarios/quickstart.yaml";

    /// <summary>The built-in quick start: the file of that name, as it was when the program was built.</summary>
    public static Scenario ReadQuickStart()
    {
        using var stream = typeof(ScenarioReader).Assembly.GetManifestResourceStream(QuickStart)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return Read(QuickStart, reader);
    }

    /// <summary>Reads a file.</summary>
    /// <exception cref="BadInputException">It is missing or wrong; the message names file, line, field and reason.</exception>
    public static Scenario ReadFile(string path)
    {
        using var reader = YamlFields.OpenText(path);
        return Read(path, reader);
    }

    /// <summary>Reads a scenario.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="reader">Its text.</param>
    /// <exception cref="BadInputException">It is wrong; the message names file, line, field and reason.</exception>
    public static Scenario Read(string file, TextReader reader)
    {
        var fields = YamlFields.Open(file, reader, "scenario");
        var name = fields.Text("name") ?? Path.GetFileNameWithoutExtension(file);
        var seed = fields.Number("seed", 0UL, ulong.MaxValue) ?? 1;
        var defaults = fields.Mapping("defaults");
        var hosts = fields.Mappings("hosts");
        fields.RefuseOthers();
        if (hosts.Count is < 1 or > MaxHosts)
            throw fields.Refuse("hosts", $"{hosts.Count} hosts are outside 1 to {MaxHosts}");

        var traces = new ReplayReader();
        // Devices add their number to the seed; a stride between hosts keeps every device's addresses its own.
        var basis = new ScenarioHost(new HostSpecification { Name = "defaults", Room = IommuCatalog.Rooms[0] }, 0);
        if (defaults != null)
            basis = ReadHost(defaults, basis, seed, isDefaults: true, traces);
        var read = hosts.Select((host, index) => ReadHost(host, basis, seed + ((ulong)index * HostSpecification.MaxDevices), isDefaults: false, traces)).ToList();
        for (var i = 0; i < read.Count; i++)
        {
            if (read.FindIndex(host => host.Specification.Name == read[i].Specification.Name) < i)
                throw hosts[i].Refuse("name", $"'{read[i].Specification.Name}' names two hosts");
        }

        return new Scenario(name, read);
    }

    /// <summary>Reads the fields that describe a host; the caller takes what else there is, refuses the rest, and calls <see cref="Check"/>.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="was">What absent fields stand for.</param>
    /// <param name="seed">The seed of the host's workload.</param>
    /// <param name="isDefaults">Whether they describe what several hosts have in common: then there is no name, IOMMU or variant.</param>
    /// <param name="traces">The traces that were read so far.</param>
    internal static HostSpecification ReadSpecification(YamlFields fields, HostSpecification was, ulong seed, bool isDefaults, ReplayReader traces)
    {
        var room = was.Room;
        if (!isDefaults)
        {
            var iommu = fields.Text("iommu") ?? throw fields.Refuse("iommu", "is missing");
            room = IommuCatalog.Find(iommu)
                ?? throw fields.Refuse("iommu", $"no IOMMU '{iommu}' is modelled; there are {string.Join(", ", IommuCatalog.Rooms.Select(known => known.Name))}");
        }

        var host = ReadWorkload(fields, was, traces);
        return host with
        {
            Name = isDefaults ? was.Name : fields.Text("name") ?? throw fields.Refuse("name", "is missing"),
            Room = room,
            Variant = isDefaults ? null : fields.Text("variant"),
            Kernel = fields.Word("kernel", was.Kernel, ("6.1", KernelVersion.Linux61), ("6.12", KernelVersion.Linux612)),
            Strategy = fields.Word(
                "strategy", was.Strategy, ("native", BlockingStrategy.Native), ("empty", BlockingStrategy.Empty), ("detach", BlockingStrategy.Detach)),
            Pacing = fields.Word("pacing", was.Pacing, ("whole", DriverPacing.Whole), ("step-by-step", DriverPacing.StepByStep)),
            Iotlb = ReadIotlb(fields.Mapping("iotlb"), was.Iotlb),
            DevicesPerGroup = fields.Number("devicesPerGroup", 1, HostSpecification.MaxDevices) ?? was.DevicesPerGroup,
            Tenants = fields.Number("tenants", 1, HostSpecification.MaxTenants) ?? was.Tenants,
            Timing = ReadTiming(fields, was),
            ToleratedExposure = fields.Duration("toleratedExposure") ?? was.ToleratedExposure,
            BufferSize = fields.Size("bufferSize") ?? was.BufferSize,
            Workload = host.Workload with { Seed = seed },
            Workloads = host.Workloads.ToDictionary(pair => pair.Key, pair => pair.Value with { Seed = seed }),
        };
    }

    private static ScenarioHost ReadHost(YamlFields fields, ScenarioHost basis, ulong seed, bool isDefaults, ReplayReader traces)
    {
        var specification = ReadSpecification(fields, basis.Specification, seed, isDefaults, traces);
        var reassignments = fields.Number("reassignments", 0, MaxReassignments) ?? basis.Reassignments;
        fields.RefuseOthers();
        if (specification.RunsPrograms && !isDefaults)
            specification = ForPrograms(fields, specification, reassignments);
        if (!isDefaults && reassignments > 0 && specification.Tenants < 2)
            throw fields.Refuse("tenants", $"{reassignments} reassignments need at least 2 tenants");
        if (!isDefaults)
            Check(fields, specification);
        return new ScenarioHost(specification, reassignments);
    }

    // Devices, and what each does: those of a trace are as many as it has, so many times over.
    private static HostSpecification ReadWorkload(YamlFields fields, HostSpecification was, ReplayReader traces)
    {
        var workload = fields.Mapping("workload");
        if (workload?.Text("kind") != "replay")
        {
            var devices = fields.Number("devices", 1, HostSpecification.MaxDevices) ?? was.Devices;
            return workload == null
                ? was with { Devices = devices }
                : was with { Devices = devices, Workload = WorkloadReader.Read(workload, was.Workload, fields.File), Workloads = new Dictionary<int, Workload>() };
        }

        var programs = traces.Read(workload);
        var scale = workload.Number("scale", 1, HostSpecification.MaxDevices) ?? 1;
        if (programs.Count * scale > HostSpecification.MaxDevices)
            throw workload.Refuse("scale", $"{programs.Count} devices of the trace, {scale} times over, are more than {HostSpecification.MaxDevices}");
        var basis = was.Workload with { DmaMode = WorkloadReader.ReadMode(workload, was.Workload.DmaMode) };
        var size = workload.Number("requestSize", 64, 4096) ?? programs[0].RequestSize;
        workload.RefuseOthers();
        var workloads = Enumerable.Range(0, programs.Count * scale)
            .ToDictionary(device => device, device => basis with { Program = programs[device % programs.Count] with { RequestSize = size } });
        return was with { Devices = workloads.Count, DevicesPerGroup = 1, Workload = workloads[0], Workloads = workloads };
    }

    // A kernel with its own devices: no tenants, the default domain as the DMA mode wants it, and memory for what the devices map.
    private static HostSpecification ForPrograms(YamlFields fields, HostSpecification host, int reassignments)
    {
        if (reassignments > 0)
            throw fields.Refuse("reassignments", $"devices of kind {host.Workload.Program!.Kind} are the kernel's own: they have no tenants to pass between");
        if (host.Timing == null)
            throw fields.Refuse("time", $"devices of kind {host.Workload.Program!.Kind} run in virtual time only: time: virtual");
        var type = host.Workload.DmaMode switch
        {
            DmaMode.Strict => DomainType.Dma,
            DmaMode.Lazy => DomainType.DmaFlushQueue,
            _ => DomainType.Identity,
        };
        var memory = Math.Max(host.BufferSize, BitOperations.RoundUpToPowerOf2(Math.Max(64 << 10, host.Workload.Program!.Pages(host.Room.PageSize) * host.Room.PageSize * (ulong)host.Devices)));
        // What Linux reserves follows from the machine, which the IOMMU tells.
        Workload OnMachine(Workload workload) => workload.Program is ReplayProgram replay
            ? workload with { Program = replay with { Reserved = RecordedLoadOptions.QemuReserved(host.Room.Name) } }
            : workload;

        return host with
        {
            Workload = OnMachine(host.Workload),
            Workloads = host.Workloads.ToDictionary(pair => pair.Key, pair => OnMachine(pair.Value)),
            Start = StartsWith.Kernel,
            Tenants = 1,
            BufferSize = memory,
            Core = host.Core with { Group = host.Core.Group with { DefaultDomainType = type } },
        };
    }

    private static HostTiming? ReadTiming(YamlFields fields, HostSpecification was)
    {
        var isVirtual = fields.Word("time", was.Timing != null, ("virtual", true), ("none", false));
        var timing = TimingReader.Read(fields.Mapping("timing"), was.Timing ?? new HostTiming());
        return isVirtual ? timing : null;
    }

    private static IotlbGeometry ReadIotlb(YamlFields? fields, IotlbGeometry was)
    {
        if (fields == null)
            return was;
        var limit = fields.Text("limit");
        var geometry = was with
        {
            Sets = fields.Number("sets", 1, 1 << 20) ?? was.Sets,
            Ways = fields.Number("ways", 1, 255) ?? was.Ways,
            Unbounded = fields.Word("limit", was.Unbounded, ("none", true), ("nothing-kept", false), ("sets", false)),
            Disabled = limit == null ? was.Disabled : limit == "nothing-kept",
        };
        fields.RefuseOthers();
        return int.IsPow2(geometry.Sets) ? geometry : throw fields.Refuse("sets", $"{geometry.Sets} is not a power of two");
    }

    /// <summary>Checks what fields say of a host against each other, the IOMMU's driver included.</summary>
    internal static void Check(YamlFields fields, HostSpecification host)
    {
        if (host.Variant is { } variant && !host.Room.Variants.Contains(variant, StringComparer.Ordinal))
            throw fields.Refuse("variant", $"{host.Room.Name} has no variant '{variant}'; it has {string.Join(", ", host.Room.Variants)}");
        if (!host.Room.Supports(host.Variant ?? host.Room.Variants[0], host.Kernel))
            throw fields.Refuse("kernel", $"Linux {SurveyText.Of(host.Kernel)} has no driver for this variant of {host.Room.Name}");
        if (!ulong.IsPow2(host.BufferSize) || host.BufferSize < 64 << 10 || host.BufferSize > 256 << 20)
            throw fields.Refuse("bufferSize", $"{host.BufferSize} bytes are no power of two from 64KiB to 256MiB");
        try
        {
            host.Validate();
        }
        catch (ArgumentException e)
        {
            throw fields.Refuse("name", e.Message);
        }

        CheckDriver(fields, host);
    }

    // What only the driver knows - how many streams there are, whether it can block - is asked of it on a platform of its own.
    private static void CheckDriver(YamlFields fields, HostSpecification host)
    {
        using var platform = host.Room.Create(new PlatformOptions { Kernel = host.Kernel, Variant = host.Variant, Devices = host.Devices });
        if (host.Strategy == BlockingStrategy.Native && !platform.Driver.HasNativeBlocking)
            throw fields.Refuse("strategy", $"native: Linux {SurveyText.Of(host.Kernel)}'s driver of {host.Room.Name} has no blocking domain of its own; use empty");
        try
        {
            platform.Bus.Run(platform.Driver.Probe());
            for (var device = 0; device < host.Devices; device++)
                platform.Bus.Run(platform.Driver.ProbeDevice(platform.Device(device)));
        }
        catch (Exception e) when (e is DriverException or ArgumentException)
        {
            throw fields.Refuse("devices", e.Message);
        }

        try
        {
            HostLayout.Of(host);
        }
        catch (ArgumentException e)
        {
            throw fields.Refuse("bufferSize", e.Message);
        }
    }
}
