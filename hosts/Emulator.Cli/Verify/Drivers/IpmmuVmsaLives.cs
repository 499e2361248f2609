using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IpmmuVmsa;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of Renesas' IPMMU: one instance (Gen2) or a leaf and its root, two devices, the domains A and B.</summary>
public sealed class IpmmuVmsaLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly RecordedPaging _paging;
    private readonly IpmmuVmsaIommu _silicon;
    private readonly IpmmuVmsaDriver _driver;
    private readonly Dictionary<string, DmaDevice> _devices;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);

    // Which domain each micro-TLB was last enabled for: devices may share one.
    private readonly SortedDictionary<uint, IommuDomain> _enabled = [];
    private bool _flushIsStuck;

    private IpmmuVmsaLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var hardware = IpmmuVmsaHardware.All.First(hardware => hardware.Name == vector.Text("variant"));
        var options = new IpmmuVmsaOptions { Iotlb = run.Options.Iotlb };
        var root = hardware.HasLeaves ? new IpmmuVmsaIommu("root", life.Memory, hardware, options) : null;
        _silicon = new IpmmuVmsaIommu("leaf", life.Memory, hardware, options, root);
        life.Connect(root == null ? new Bus(life.Memory, _silicon) : new Bus(life.Memory, _silicon, root), null, "root");

        // The kernel of the recording is a 64-bit one for Gen2 too. It planted the fault records, and flushes that do not end; everything else is the silicon's own answer.
        life.ComparesRead = (_, offset) => !Enumerable.Range(0, hardware.Contexts).Any(context => (offset - hardware.Context(context, 0)) switch
        {
            IpmmuVmsaRegisters.Status or IpmmuVmsaRegisters.FaultLow or IpmmuVmsaRegisters.FaultHigh => true,
            IpmmuVmsaRegisters.Control => _flushIsStuck,
            _ => false,
        });
        _driver = new IpmmuVmsaDriver(KernelVersion.Linux61, hardware, life.Memory, life.Frames, options: new IpmmuVmsaDriverOptions { Is64Bit = true });
        _paging = new RecordedPaging(life, run, _driver, (domain, _) => _driver.FlushAll(domain));
        var parameters = vector.GetProperty("params");
        _devices = new Dictionary<string, DmaDevice>(StringComparer.Ordinal)
        {
            ["dev0"] = new("dev0", [.. parameters.Items("utlbs_dev0").Select(number => new StreamBinding(0, new StreamId((uint)number.Word())))]),
            ["dev1"] = new("dev1", new StreamId((uint)parameters.Word("utlb_dev1"))),
        };
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var ipmmu = new IpmmuVmsaLives(vector, run, life);
        life.Run(ipmmu.Perform, ipmmu.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        _flushIsStuck = step.Items("mmio").Any(entry => RecordedOperation.IsRead(entry) && entry[2].Word() == IpmmuVmsaRegisters.LinuxControl);
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, _driver.Probe(Unit(args)));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = _driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(_domains[args.Text("domain")]));
                break;
            case "attach":
                Attach(step, args);
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], Device(args)));
                foreach (var binding in Device(args).Streams)
                    _enabled.Remove(binding.Stream.Value);
                break;
            case "map":
                _paging.Map(step, _domains["A"]);
                break;
            case "unmap":
                _paging.Unmap(step, _domains["A"]);
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(_domains["A"]));
                break;
            case "irq":
                HandleInterrupt(step);
                break;
            case "pm_resume":
                _life.Perform(step, _driver.Resume(Unit(args)));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private static int Unit(JsonElement args) => args.Text("mmu") == "root" ? 1 : 0;

    private DmaDevice Device(JsonElement args) => _devices[args.Text("dev")];

    // Where A got no context the recording went on with B in its place.
    private void Attach(JsonElement step, JsonElement args)
    {
        var domain = _domains[args.Text("domain")];
        var result = _life.Perform(step, _driver.Attach(domain, Device(args)));
        if (result == -(long)Errno.EBUSY && args.Text("domain") == "A")
            _domains["A"] = _domains["B"];
        foreach (var binding in Device(args).Streams.Where(_ => result == 0))
            _enabled[binding.Stream.Value] = domain;
    }

    // Some domains have a fault handler.
    private void HandleInterrupt(JsonElement step)
    {
        var reports = step.Items("mmio").Any(entry => entry[0].GetString() == "report_fault");
        _driver.FaultHandler = (_, iova) => reports && _life.Expect(new RecordedOperation($"report_fault {iova} 0")) != null;
        _life.Perform(step, _driver.HandleInterrupt());
    }

    private void Probe()
    {
        var table = ((IpmmuVmsaDomain)_domains["A"]).Tables!;
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, table.Lookup(iova));
            var reader = new MemoryTableReader(_life.Memory);
            var regime = new ArmLpaeRegime(table.Root, 12, table.Layout.StartLevel, 32, 40);
            ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, regime, iova, out var walk);
            _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : null);
            foreach (var (number, domain) in _enabled)
            {
                if (domain == _domains["A"])
                    CheckDma(number, iova, expected, walk.Permissions);
            }
        }
    }

    // A DMA at a micro-TLB of A lands where the table says, in the directions and with the privilege that the leaf allows.
    private void CheckDma(uint number, ulong iova, ulong? expected, PagePermissions permissions)
    {
        var completion = new DmaCompletion[1];
        foreach (var (access, needed) in new[] { (DmaAccess.Read, PagePermissions.Read), (DmaAccess.Write, PagePermissions.Write) })
        {
            foreach (var attributes in new[] { DmaAttributes.None, DmaAttributes.Privileged })
            {
                _silicon.Translate([new DmaRequest(new StreamId(number), new Iova(iova), access, 1) { Attributes = attributes }], completion);
                var allowed = (permissions & needed) != 0 && (attributes == DmaAttributes.Privileged || (permissions & PagePermissions.PrivilegedOnly) == 0);
                var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
                _run.Check($"{access} ({attributes}) of 0x{iova:x} at micro-TLB {number}", allowed ? expected : null, landed);
            }
        }
    }
}
