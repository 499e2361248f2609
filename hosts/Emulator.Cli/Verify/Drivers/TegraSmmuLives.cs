using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraSmmu;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of the Tegra SMMU: two devices, the domains A and B, and a chip of four swgroups that the record describes.</summary>
public sealed class TegraSmmuLives
{
    // A client that is in no swgroup stands for a swgroup that the chip does not have.
    private static readonly int[] Unknown = [0];

    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly TegraSmmuHardware _hardware;
    private readonly TegraSmmuIommu _silicon;
    private readonly TegraSmmuDriver _driver;
    private readonly Dictionary<string, TegraSmmuDomain> _domains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _attached = new(StringComparer.Ordinal);

    private TegraSmmuLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        _hardware = Describe(vector);
        _silicon = new TegraSmmuIommu("smmu", life.Memory, _hardware, new TegraSmmuOptions { Iotlb = run.Options.Iotlb });
        _driver = new TegraSmmuDriver(KernelVersion.Linux61, _hardware, life.Memory, life.Frames);
        life.Connect(new Bus(life.Memory, _silicon), (string?)null);
        life.ComparesRead = (_, _) => true;
        OpenGates();
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var smmu = new TegraSmmuLives(vector, run, life);
        life.Run(smmu.Perform, smmu.Probe);
    }

    // The chip of the recording is not one of Tegra's: its swgroups, and which of its variants have arbitration and a request limit, are its own.
    private static TegraSmmuHardware Describe(JsonElement vector)
    {
        var (parameters, variant) = (vector.GetProperty("params"), vector.Text("variant"));
        return new TegraSmmuHardware
        {
            Name = variant,
            AddressBits = (int)parameters.Word("num_address_bits"),
            AtomBytes = (int)parameters.Word("atom_size"),
            TlbLines = (int)parameters.Word("num_tlb_lines"),
            Asids = (int)parameters.Word("num_asids"),
            RoundRobinArbitration = variant != "tegra30",
            RequestLimit = variant != "tegra114",
            Swgroups = [.. parameters.GetProperty("swgroup_regs").EnumerateObject().Select(swgroup => new TegraSwgroup(
                swgroup.Name, swgroup.Value.Word(), [.. parameters.GetProperty("client_enable_bits").Items(swgroup.Name).Select(Client)]))],
        };
    }

    private static int Client(JsonElement gate)
    {
        var word = Enumerable.Range(0, 5).First(word => TegraSmmuRegisters.Enable(word) == gate[0].Word());
        return (word * 32) + (int)gate[1].Word();
    }

    // The gates of clients that the record does not name are open or closed before the life begins.
    private void OpenGates()
    {
        for (var word = 0; word < 2; word++)
        {
            var offset = TegraSmmuRegisters.Enable(word);
            var accesses = _vector.Items("steps").SelectMany(step => step.Items("mmio")).Where(access => access[1].Word() == offset);
            if (accesses.FirstOrDefault() is { ValueKind: JsonValueKind.Array } first)
                _silicon.Registers.Write(offset, 4, first[2].Word());
        }
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, _driver.ProbeSmmu());
                _life.Expect(RecordedOperation.Of("ahb_enable_smmu", 0, 0));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = (TegraSmmuDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
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
                // The driver's own call maps one page, as the core's does.
                _life.Perform(step, _driver.Map(Mapped, args.Word("iova"), args.Word("pa"), SizeOf(args), (Protection)args.Word("prot")));
                break;
            case "unmap":
                _life.Perform(step, _driver.Unmap(Mapped, args.Word("iova"), SizeOf(args)));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(Mapped));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    // What is mapped is the domain of the first device.
    private TegraSmmuDomain Mapped => _domains[_attached.GetValueOrDefault("dev0", "A")];

    private static ulong SizeOf(JsonElement args) => args.OptionalWord("size") ?? args.Word("pgsize");

    private DmaDevice Device(string name)
    {
        var parameters = _vector.GetProperty("params");
        var swgroups = name == "dev0" ? parameters.Items("swgroups_dev0").Select(number => number.Word()) : [parameters.Word("swgroup_dev1")];
        var clients = swgroups.SelectMany(number => _hardware.Swgroups.FirstOrDefault(swgroup => swgroup.Name == $"{number}")?.Clients ?? Unknown);
        return new DmaDevice(name, [.. clients.Select(client => new StreamBinding(0, new StreamId((uint)client)))]);
    }

    private void Probe()
    {
        var table = _domains["A"].Tables!;
        var walker = new TegraSmmuWalker(new TegraSmmuPageTableCache(_life.Memory, _hardware.AtomBytes, 0), _hardware.AddressBits);
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, table.Lookup(iova));
            walker.Walk((uint)(table.Directory >> TegraSmmuEntry.PageShift) | TegraSmmuEntry.TableAttributes, (uint)iova, out var walk);
            _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : null);
            foreach (var (name, _) in _attached.Where(pair => pair.Value == "A"))
            {
                foreach (var binding in Device(name).Streams.Where(binding => _hardware.SwgroupOf(binding.Stream.Value) != null))
                    CheckDma(binding.Stream, iova, expected, walk.Permissions);
            }
        }
    }

    // Every client of a device that is attached to A lands where the walk says, in the directions that the entry allows.
    private void CheckDma(StreamId client, ulong iova, ulong? expected, PagePermissions permissions)
    {
        var completion = new DmaCompletion[1];
        foreach (var (access, needed) in ((DmaAccess, PagePermissions)[])[(DmaAccess.Read, PagePermissions.Read), (DmaAccess.Write, PagePermissions.Write)])
        {
            _silicon.Translate([new DmaRequest(client, new Iova(iova), access, 1)], completion);
            var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
            _run.Check($"{access} of 0x{iova:x} by client {client}", (permissions & needed) != 0 ? expected : null, landed);
        }
    }
}
