using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Programming;
using Emulator.Cli.Run;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Translation;
using Emulator.Simulations.Exploration;

namespace Emulator.Cli.Explore;

/// <summary>Reads experiment files. <c>scenarios/explore/sound-arm-smmu-v3.yaml</c> documents every field.</summary>
public static class ExperimentReader
{
    /// <summary>Steps of a run at most.</summary>
    public const int MaxSteps = 1_000_000;

    private const string All = "all";
    private const string Tolerable = "tolerable";

    // A small host: what matters is in what order things happen, and each run builds one.
    private static readonly HostSpecification s_basis = new()
    {
        Name = "host",
        Room = IommuCatalog.Rooms[0],
        Pacing = DriverPacing.StepByStep,
        Iotlb = new IotlbGeometry { Sets = 8 },
        Devices = 2,
        BufferSize = 64 << 10,
        HeldDmaLimit = TimeSpan.FromMicroseconds(30),
        DriverStepLimit = 20_000,
        AnswerLimit = TimeSpan.FromMilliseconds(2),
        Workload = new Workload { BatchSize = 2, Credits = 1 },
    };

    /// <summary>Reads a file.</summary>
    /// <exception cref="BadInputException">It is missing or wrong; the message names file, line, field and reason.</exception>
    public static Experiment ReadFile(string path)
    {
        using var reader = YamlFields.OpenText(path);
        return Read(path, reader);
    }

    /// <summary>Reads an experiment.</summary>
    /// <param name="file">Its name, for messages.</param>
    /// <param name="reader">Its text.</param>
    /// <exception cref="BadInputException">It is wrong; the message names file, line, field and reason.</exception>
    public static Experiment Read(string file, TextReader reader)
    {
        var fields = YamlFields.Open(file, reader, "experiment");
        var (name, host) = (fields.Text("name"), fields.Mapping("host"));
        var (steps, changes, earlyTimers, quiesce) = (fields.Number("steps", 1, MaxSteps), fields.Share("changes"), fields.Share("earlyTimers"), fields.Flag("quiesce", false));
        var faults = fields.Mappings("faults");
        fields.RefuseOthers();
        return new Experiment
        {
            Name = name ?? Path.GetFileNameWithoutExtension(file),
            Host = ReadHost(host ?? throw fields.Refuse("host", "is missing")),
            Steps = steps ?? 200,
            Changes = changes ?? 0.05,
            EarlyTimers = earlyTimers ?? 0,
            Quiesce = quiesce,
            Faults = [.. faults.Where(fault => !fault.Has("at")).SelectMany(ReadFault)],
            Scheduled = [.. faults.Where(fault => fault.Has("at")).Select(ReadScheduled).OrderBy(action => action.Step)],
        };
    }

    private static HostSpecification ReadHost(YamlFields fields)
    {
        var host = ScenarioReader.ReadSpecification(fields, s_basis, seed: 1, isDefaults: false, new ReplayReader());
        fields.RefuseOthers();
        if (host.Timing != null)
            throw fields.Refuse("time", "virtual: an experiment has a clock of its own");
        ScenarioReader.Check(fields, host);
        return host;
    }

    // One fault by its name, all faults of a layer, all that the platform has to stand, or all.
    private static IEnumerable<FaultRate> ReadFault(YamlFields fields)
    {
        var name = fields.Text("name") ?? throw fields.Refuse("name", "is missing");
        var rate = fields.Share("rate") ?? throw fields.Refuse("rate", "is missing");
        var longest = fields.Duration("longest") ?? new FaultRate(default, 0).Longest;
        var most = fields.Number("most", 1, 1000) ?? new FaultRate(default, 0).MostCount;
        fields.RefuseOthers();
        var kinds = FaultCatalog.All.Where(fault => name == All || (name == Tolerable && fault.Explains == ViolationKinds.None) || fault.Name == name || string.Equals($"{fault.Layer}", name, StringComparison.OrdinalIgnoreCase)).ToList();
        return kinds.Count == 0
            ? throw fields.Refuse("name", $"there is no fault '{name}'; there are {All}, {Tolerable}, {string.Join(", ", Enum.GetNames<FaultLayer>()).ToLowerInvariant()}, {string.Join(", ", FaultCatalog.All.Select(fault => fault.Name))}")
            : kinds.Select(fault => new FaultRate(fault.Kind, rate) { Longest = longest, MostCount = most });
    }

    // One fault at one step, with all that of it can vary.
    private static ExploredAction ReadScheduled(YamlFields fields)
    {
        var step = fields.Number("at", 1, MaxSteps)!.Value;
        var name = fields.Text("name") ?? throw fields.Refuse("name", "is missing");
        var found = FaultCatalog.Find(name) ?? throw fields.Refuse("name", $"there is no fault '{name}' to strike at a step; there are {string.Join(", ", FaultCatalog.All.Select(fault => fault.Name))}");
        if (Explorer.StrikesSingleMessages(found.Kind))
            throw fields.Refuse("at", $"{name} strikes messages by chance: give it a rate");
        var fault = new Fault(found.Kind);
        fault = fault with
        {
            Target = fields.Number("target", 0, int.MaxValue) ?? fault.Target,
            Count = fields.Number("count", 1, 1000) ?? fault.Count,
            Duration = fields.Duration("duration") ?? new FaultRate(default, 0).Longest,
            Errno = fields.Word("errno", fault.Errno, [.. Enum.GetValues<Errno>().Where(errno => errno != Errno.None).Select(errno => ($"{errno}", errno))]),
            Step = fields.Number("driverStep", 0, MaxSteps) ?? fault.Step,
            Random = fields.Number("random", 0UL, ulong.MaxValue) ?? fault.Random,
        };
        fields.RefuseOthers();
        return new ExploredAction(step, 0, 0, fault);
    }
}
