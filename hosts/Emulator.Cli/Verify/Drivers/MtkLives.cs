using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Mtk;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of MediaTek's second-generation M4U: two devices, two domains, one table.</summary>
public sealed class MtkLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly MtkHardware _hardware;
    private readonly MtkIommu _silicon;
    private readonly MtkDriver _driver;
    private readonly Bus _bus;
    private readonly Dictionary<string, DmaDevice> _devices;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);

    private MtkLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        _hardware = MtkHardware.All.First(hardware => hardware.Name == vector.Text("variant"));
        var fourGigabytes = parameters.Word("enable_4GB") != 0;
        var ports = new MtkPorts(_hardware, fourGigabytes);
        _silicon = new MtkIommu("m4u", life.Memory, _hardware, ports, new MtkOptions { Iotlb = run.Options.Iotlb, FourGigabyteMode = fourGigabytes });
        _driver = new MtkDriver(KernelVersion.Linux61, _hardware, life.Memory, life.Frames);
        _devices = new Dictionary<string, DmaDevice>(StringComparer.Ordinal)
        {
            ["dev0"] = new("dev0", [.. parameters.Items("ids_dev0").Select(port => new StreamBinding(0, new StreamId((uint)port.Word())))]),
            ["dev1"] = new("dev1", new StreamId((uint)parameters.Word("id_dev1"))),
        };
        _bus = new Bus(life.Memory, _silicon) { Blocks = ports.Blocks };
        life.Connect(_bus, [null, "infracfg", "pericfg"]);

        // Fault registers were planted and CPE_DONE held back at times; INT_CONTROL0's clear bit reads back there and clears itself here.
        life.ComparesRead = (unit, offset) => unit != 0 || (offset % MtkRegisters.BankSize) is MtkRegisters.Control or MtkRegisters.ValidRange or MtkRegisters.InterruptMain or MtkRegisters.ProtectAddress;
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var mtk = new MtkLives(vector, run, life);
        life.Run(mtk.Perform, mtk.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, _driver.Probe());
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = _driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                CheckMasks(step, _life.Perform(_driver.Attach(_domains[args.Text("domain")], _devices[args.Text("dev")])));
                break;
            case "detach":
                CheckMasks(step, _life.Perform(_driver.Detach(_domains[args.Text("domain")], _devices[args.Text("dev")])));
                break;
            case "map" when args.Text("via") == "core":
                _life.Perform(step, _driver.Map(_domains["A"], args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot")));
                break;
            case "map":
                var mapped = _driver.MapPages(
                    _domains["A"].PageTable!, args.Word("iova"), args.Word("pa"), args.Word("pgsize"), args.Word("count"), (Protection)args.Word("prot"));
                _life.CheckResult(step, -(long)mapped.Errno);
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, _driver.Unmap(_domains["A"], args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.CheckResult(step, (long)_domains["A"].PageTable!.Unmap(args.Word("iova"), args.Word("pgsize"), args.Word("count"), new InvalidationGather()));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(_domains["A"]));
                break;
            case "irq":
                _life.Perform(step, Reported(_driver.HandleInterrupt()));
                break;
            case "pm_suspend":
                _life.Perform(step, _driver.Suspend());
                break;
            case "pm_resume":
                _life.Perform(step, _driver.Resume());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private void CheckMasks(JsonElement step, long result)
    {
        var expected = step.GetProperty("ret");
        if (expected.GetProperty("rc").ValueKind == JsonValueKind.Number)
            _run.Check("rc", expected.GetProperty("rc").GetInt64(), result);
        foreach (var mask in expected.GetProperty("larb_mmu").EnumerateObject())
            _run.Check($"ports of larb {mask.Name}", mask.Value.Word(), (ulong)_driver.LarbMasks[int.Parse(mask.Name, System.Globalization.CultureInfo.InvariantCulture)]);
    }

    // The domain's fault handler is told after the record was read; 34-bit chips have the upper bits in the word.
    private IEnumerable<DriverStep> Reported(IEnumerable<DriverStep> sequence)
    {
        var word = 0UL;
        foreach (var step in sequence)
        {
            if (step.Kind == DriverStepKind.ReadRegister && step.Address % MtkRegisters.BankSize == MtkRegisters.InterruptControl)
            {
                var address = _hardware.InputBits > 32 ? (word & 0xffff_f000) | (((word >> 9) & 7) << 32) : word;
                _life.Expect(new RecordedOperation($"report_fault 0x{address:x} {(word & MtkRegisters.FaultWrite) >> 1}"));
            }

            yield return step;
            if (step.Address % MtkRegisters.BankSize is MtkRegisters.FaultAddress or MtkRegisters.FaultAddress + 8)
                word = step.Value;
        }
    }

    // Ports are switched by a larb's wake; the recording has no larbs.
    private void Probe()
    {
        var device = _devices["dev0"];
        _bus.Run(_driver.ResumeDevice(device));
        var port = device.Stream;
        var translated = _hardware.Ports == MtkPortKind.Peripheral || ((_driver.LarbMasks[(int)port.Value / 32] >> (int)(port.Value % 32)) & 1) != 0;
        var completion = new DmaCompletion[1];
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, _driver.Lookup(_domains["A"], iova));
            if (!translated || iova > uint.MaxValue || _silicon.Registers.Read(MtkRegisters.TableBase, 4) == 0)
                continue;
            _silicon.Translate([new DmaRequest(port, new Iova(iova), DmaAccess.Read, 1)], completion);
            if (_hardware.Ports == MtkPortKind.Peripheral && completion[0].Address.Value == iova)
                continue;
            var landed = expected ?? (_vector.GetProperty("params").Word("protect_base") | (iova & 0xff));
            _run.Check($"DMA to 0x{iova:x}", landed, completion[0].Address.Value);
        }
    }
}
