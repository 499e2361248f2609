using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AppleDart;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Dart;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of Apple's DART: one or two instances, two devices, the domains A, BLOCKED and IDENTITY.</summary>
public sealed class AppleDartLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly AppleDartDriver _driver;
    private readonly AppleDartIommu[] _units;
    private readonly DartFormat _format;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _attached = new(StringComparer.Ordinal);

    private AppleDartLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var hardware = AppleDartHardware.All.First(hardware => hardware.Name == vector.Text("variant"));
        _format = hardware.Format;
        var options = new AppleDartOptions
        {
            Iotlb = run.Options.Iotlb,
            BypassSupported = !parameters.TryGetProperty("bypass_support", out var bypass) || bypass.GetBoolean(),
        };
        _units = [new AppleDartIommu("dart0", life.Memory, hardware, options), new AppleDartIommu("dart1", life.Memory, hardware, options)];
        _driver = new AppleDartDriver(KernelVersion.Linux61, hardware, life.Memory, life.Frames, _units.Length);
        life.Connect(new Bus(life.Memory, _units), null, "dart1");

        // The recording planted errors, lock, busy and the unused bits of the parameters; TCRs and TTBRs are the silicon's own answer.
        life.ComparesRead = (_, offset) => offset >= hardware.ControlBase;
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var dart = new AppleDartLives(vector, run, life);
        life.Run(dart.Perform, dart.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, _driver.Probe((int)args.Word("dart")));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = _driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                if (_life.Perform(step, _driver.Attach(_domains[args.Text("domain")], Device(args.Text("dev")))) == 0)
                    _attached[args.Text("dev")] = args.Text("domain");
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], Device(args.Text("dev"))));
                _attached.Remove(args.Text("dev"));
                break;
            case "map":
                Map(step, args);
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, DomainMapping.Unmap(_driver, _domains["A"], args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.CheckResult(step, (long)Table.Unmap(args.Word("iova"), args.Word("pgsize"), args.Word("count"), new InvalidationGather()));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(_domains["A"]));
                break;
            case "irq":
                _life.Perform(step, _driver.HandleInterrupt());
                break;
            case "pm_suspend":
                _life.Perform(step, _driver.Suspend(0));
                break;
            case "pm_resume":
                _life.Perform(step, _driver.Resume(0));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private IPageTable Table => _domains["A"].PageTable!;

    private void Map(JsonElement step, JsonElement args)
    {
        var (iova, physical, protection) = (args.Word("iova"), args.Word("pa"), (Protection)args.Word("prot"));
        if (args.Text("via") == "core")
        {
            _life.Perform(step, DomainMapping.Map(_driver, _domains["A"], iova, physical, args.Word("size"), protection));
            return;
        }

        var result = Table.Map(iova, physical, args.Word("pgsize"), args.Word("count"), protection, new InvalidationGather());
        var expected = step.GetProperty("ret");
        _run.Check("rc", expected.GetProperty("rc").GetInt64(), -(long)result.Errno);
        _run.Check("mapped", expected.Word("mapped"), result.Mapped);
    }

    private DmaDevice Device(string name)
    {
        var parameters = _vector.GetProperty("params");
        var first = name == "dev0" ? parameters.Items("sids_dev0").ToArray() : [parameters.GetProperty("sid_dev1")];
        var second = parameters.Items(name == "dev0" ? "sids_dev0_dart1" : "sid_dev1_dart1");
        var bindings = first.Select(sid => new StreamBinding(0, new StreamId((uint)sid.Word())))
            .Concat(second.Select(sid => new StreamBinding(1, new StreamId((uint)sid.Word()))));
        return new DmaDevice(name, [.. bindings]);
    }

    private void Probe()
    {
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, Table.Lookup(iova));
            var walk = Walk(iova);
            _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : null);
            foreach (var (name, _) in _attached.Where(pair => pair.Value == "A"))
            {
                foreach (var binding in Device(name).Streams)
                    CheckDma(binding, iova, expected, walk.Permissions);
            }
        }
    }

    private WalkResult Walk(ulong iova)
    {
        var walker = new DartWalker(_life.Memory, _format, 14);
        walker.Walk(((DartPageTable)Table).Tables[0], iova, out var result);
        return result;
    }

    // Every stream of a device that is attached to A lands where the walk says, in the directions that the leaf allows.
    private void CheckDma(StreamBinding binding, ulong iova, ulong? expected, PagePermissions permissions)
    {
        var completion = new DmaCompletion[1];
        var directions = new[] { (DmaAccess.Read, PagePermissions.Read), (DmaAccess.Write, PagePermissions.Write) };
        foreach (var (access, needed) in directions)
        {
            _units[binding.Unit].Translate([new DmaRequest(binding.Stream, new Iova(iova), access, 1)], completion);
            var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
            _run.Check($"{access} of 0x{iova:x} by stream {binding.Stream}", (permissions & needed) != 0 ? expected : null, landed);
        }
    }
}
