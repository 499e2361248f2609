using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmuV3;
using Emulator.Hardware.Iommus.ArmSmmuV3.Driver;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Lives of an SMMUv3 under Linux 6.1's driver, and 6.12's entry writer by itself.</summary>
public sealed class ArmSmmuV3Lives
{
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly ArmSmmuV3Driver _driver;
    private readonly Dictionary<string, DmaDevice> _devices;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);
    private readonly ulong _eventQueue;

    private ArmSmmuV3Lives(JsonElement vector, RecordedLife life, VectorRun run)
    {
        var parameters = vector.GetProperty("params");
        _run = run;
        _life = life;
        _eventQueue = parameters.Word("evtq");
        var silicon = new ArmSmmuV3Iommu("smmu", life.Memory, new ArmSmmuV3Options
        {
            Idr0 = (uint)parameters.Word("idr0"),
            Idr1 = (uint)parameters.Word("idr1"),
            Idr3 = (uint)parameters.Word("idr3"),
            Idr5 = (uint)parameters.Word("idr5"),
        });
        life.Connect(new Bus(life.Memory, silicon), (string?)null);
        _driver = new ArmSmmuV3Driver(life.Memory, life.Frames, KernelVersion.Linux61, new ArmSmmuV3DriverOptions
        {
            DisableBypass = parameters.Flag("disable_bypass"),
            FirmwareCoherent = parameters.Flag("coherent_fw"),
            FirmwareDescribesStreams = parameters.Flag("dt_ok"),
            CpuHasVhe = parameters.Flag("cpu_vhe"),
        });
        _devices = new Dictionary<string, DmaDevice>(StringComparer.Ordinal)
        {
            ["dev0"] = new("dev0", [.. parameters.Items("sids_dev0").Select(stream => new StreamBinding(0, new StreamId((uint)stream.Word())))])
            {
                PasidBits = (int)parameters.Word("pasid_bits_dev0"),
                CanStall = CanStall(vector),
            },
            ["dev1"] = new("dev1", new StreamId((uint)parameters.Word("sid_dev1"))),
        };
    }

    private ArmSmmuV3Domain DomainA => (ArmSmmuV3Domain)_domains["A"];

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var parameters = vector.GetProperty("params");
        if (vector.Text("variant") == "ste_cd")
        {
            RunWriter(parameters, life);
            return;
        }

        // A controller that was left on is planted; registers that the kernel only reads to know what it has are the silicon's own.
        life.ComparesRead = (_, offset) => offset is not (ArmSmmuV3Registers.Cr0 or ArmSmmuV3Registers.Gbpa or ArmSmmuV3Registers.EvtqProd);
        var lives = new ArmSmmuV3Lives(vector, life, run);
        life.Run(lives.Perform, () => lives.Probe(vector));
    }

    private static void RunWriter(JsonElement parameters, RecordedLife life)
    {
        var (entry, context) = (parameters.Word("ste"), parameters.Word("cd"));
        life.Frames.Preset(entry, StreamTableEntry.Size);
        life.Frames.Preset(context, ContextDescriptor.Size);
        IEnumerable<DriverStep> Sync()
        {
            life.Expect(RecordedOperation.Of("sync"));
            return [];
        }

        life.Connect(new Bus(life.Memory));
        life.Run(step =>
        {
            var target = step.GetProperty("args").Items("target").Select(word => word.Word()).ToArray();
            life.Perform(step.Text("step") == "write_ste"
                ? EntryWriter.Write(life.Memory, entry, new StreamTableEntry(target[0], target[1], target[2], target[3]), "STE", Sync)
                : EntryWriter.Write(life.Memory, context, new ContextDescriptor(target[0], target[1], target[2], target[3]), "CD", Sync));
        });
    }

    // Whether dev0's firmware says dma-can-stall is not among the parameters. It shows in the context descriptor of a domain that dev0 finalised, in
    // the refusal of one that dev1, which has neither stalls nor PASIDs, finalised, or in the answer to a stalled event.
    private static bool CanStall(JsonElement vector)
    {
        var parameters = vector.GetProperty("params");
        var substreamBits = Math.Min(parameters.Word("pasid_bits_dev0"), parameters.Word("idr1").Bits(10, 6));
        return vector.Items("steps").Any(step => step.Text("step") switch
        {
            "attach" when step.GetProperty("args").Text("dev") == "dev0" =>
                (substreamBits == 0 && step.GetProperty("ret").GetInt64() == -(long)Errno.EINVAL)
                || StoredWords(step).Select(word => new ContextDescriptor(word, 0, 0, 0))
                    .Any(word => word is { Valid: true, Aa64: true, Record: true, AsidPrivate: true, WalkDisabled0: false, Stall: true }),
            "irq" => StoredWords(step).Any(word => (CommandOpcode)(byte)word == CommandOpcode.Resume),
            _ => false,
        });
    }

    // The first words of the step's stores: neither a context descriptor nor a command goes on with the next word of a run.
    private static IEnumerable<ulong> StoredWords(JsonElement step) => step.Items("mem").Select(store => store[1].Word());

    private void Perform(JsonElement step)
    {
        var arguments = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                Check(step, _driver.Probe());
                break;
            case "probe_device":
                Check(step, _driver.ProbeDevice(Device(arguments)));
                break;
            case "release_device":
                Check(step, _driver.ReleaseDevice(Device(arguments)));
                break;
            case "domain_alloc":
                _domains[arguments.Text("domain")] = _driver.AllocateDomain((DomainType)arguments.Word("type"));
                _life.CheckResult(step, 0);
                break;
            case "domain_free":
                Check(step, _driver.FreeDomain(_domains[arguments.Text("domain")]));
                break;
            case "enable_nesting":
                _life.CheckResult(step, -(long)_driver.EnableNesting(DomainA));
                break;
            case "attach":
                Check(step, _driver.Attach(Domain(step, arguments.Text("domain")), Device(arguments)));
                break;
            case "map":
                Map(step, arguments);
                break;
            case "unmap":
                Unmap(step, arguments);
                break;
            case "flush":
                Check(step, _driver.FlushAll(DomainA));
                break;
            case "irq":
                HandleEvent(step, arguments);
                break;
            case "shutdown":
                Check(step, _driver.Shutdown());
                break;
            default:
                throw new FormatException($"unknown step {step.Text("step")}");
        }
    }

    private void Map(JsonElement step, JsonElement arguments)
    {
        var gather = NewGather();
        var (iova, physical, protection) = (arguments.Word("iova"), arguments.Word("pa"), (Protection)arguments.Word("prot"));
        if (arguments.Text("via") == "core")
        {
            var mapped = DomainPaging.Map(DomainA.PageTable!, iova, physical, arguments.Word("size"), protection, gather);
            _life.Perform(_driver.Sync(DomainA, gather));
            _life.CheckResult(step, -(long)mapped.Errno);
            return;
        }

        var result = DomainA.PageTable!.Map(iova, physical, arguments.Word("pgsize"), arguments.Word("count"), protection, gather);
        _life.Perform(_driver.SyncMap(DomainA, new Iova(iova), result.Mapped, gather));
        _run.Check("rc", step.GetProperty("ret").GetProperty("rc").GetInt64(), -(long)result.Errno);
        _run.Check("mapped", step.GetProperty("ret").Word("mapped"), result.Mapped);
    }

    private void Unmap(JsonElement step, JsonElement arguments)
    {
        var gather = NewGather();
        var iova = arguments.Word("iova");
        var unmapped = arguments.Text("via") == "core"
            ? DomainPaging.Unmap(DomainA.PageTable!, iova, arguments.Word("size"), gather)
            : DomainA.PageTable!.Unmap(iova, arguments.Word("pgsize"), arguments.Word("count"), gather);
        _life.Perform(_driver.Sync(DomainA, gather));
        _life.CheckResult(step, (long)unmapped);
    }

    // The recording planted an event in the queue, and saw the event interrupt's handler alone.
    private void HandleEvent(JsonElement step, JsonElement arguments)
    {
        foreach (var (word, index) in arguments.Items("evt").Select((word, index) => (word, index)))
            _life.Plant(_eventQueue + (8 * (ulong)index), word.Word());
        _life.Perform(_driver.HandleEvents());
        _life.CheckResult(step, 1);
    }

    private void Probe(JsonElement vector)
    {
        foreach (var probe in vector.Items("probes"))
            _run.Check($"lookup of 0x{probe.Word("iova"):x}", probe.OptionalWord("pa"), DomainA.PageTable?.Lookup(probe.Word("iova")));
    }

    private InvalidationGather NewGather()
    {
        InvalidationGather? gather = null;
        return gather = new InvalidationGather
        {
            InvalidateWalk = request =>
            {
                var walk = new InvalidationGather();
                walk.AddWalk(request.Iova, request.Size, request.Granule);
                _life.Perform(_driver.Sync(DomainA, walk));
            },
            InvalidateRun = () =>
            {
                _life.Perform(_driver.Sync(DomainA, gather!));
                gather!.Clear();
            },
        };
    }

    // The recording leaves open which of two domains a device joined; a fresh one needs tables.
    private IommuDomain Domain(JsonElement step, string name) => name == "A_or_DMA"
        ? _domains[step.Items("pages").Any(page => page[0].GetString() == "alloc") ? "DMA" : "A"]
        : _domains[name];

    private DmaDevice Device(JsonElement arguments) => _devices[arguments.Text("dev")];

    private void Check(JsonElement step, IEnumerable<DriverStep> sequence) => _life.CheckResult(step, _life.Perform(sequence));
}
