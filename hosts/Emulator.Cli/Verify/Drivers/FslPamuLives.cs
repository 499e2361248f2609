using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.FslPamu;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of QorIQ's PAMUs: one to four of them, two devices, two domains; the devices' DMA goes through the first.</summary>
public sealed class FslPamuLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly FslPamuIommu[] _units;
    private readonly FslPamuDriver _driver;
    private readonly Dictionary<string, DmaDevice> _devices;
    private readonly Dictionary<string, FslPamuDomain> _domains = new(StringComparer.Ordinal);

    private FslPamuLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var probe = vector.Items("steps").First(step => step.Text("step") == "probe").Items("mmio").ToArray();
        var utilities = new FslGlobalUtilities { BypassEnable = (uint)probe[1][2].Word() };
        var options = new FslPamuOptions { Capabilities3 = (uint)probe[0][2].Word() };
        _units = [.. Enumerable.Range(0, (int)parameters.Word("pamu_count")).Select(i => new FslPamuIommu($"pamu{i}", i, life.Memory, utilities, options))];
        uint[] first = [.. parameters.Items("liodns_dev0").Select(liodn => (uint)liodn.Word())];
        uint Liodn(string name) => (uint)parameters.Word(name);
        var kind = parameters.GetProperty("dev0_is_qman_portal").GetBoolean() ? FslPamuNodeKind.QmanPortal : FslPamuNodeKind.Device;
        FslPamuNode[] nodes =
        [
            new(kind, first),
            new(FslPamuNodeKind.Device, [Liodn("liodn_dev1")]),
            new(FslPamuNodeKind.Qman, [Liodn("liodn_qman")]),
            new(FslPamuNodeKind.QmanPortal, [Liodn("liodn_qman_portal")]),
            new(FslPamuNodeKind.Bman, [Liodn("liodn_bman")]),
        ];
        _devices = new Dictionary<string, DmaDevice>(StringComparer.Ordinal)
        {
            ["dev0"] = new("dev0", [.. first.Select(liodn => new StreamBinding(0, new StreamId(liodn)))]),
            ["dev1"] = new("dev1", new StreamId(Liodn("liodn_dev1"))),
        };
        _driver = new FslPamuDriver(KernelVersion.Linux61, life.Memory, life.Frames, nodes, _units.Length);
        life.Connect(new Bus(life.Memory, _units), new string?[_units.Length]);
        life.Interpret = Interpret;
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run, bigEndian: true);
        var pamu = new FslPamuLives(vector, run, life);
        life.Run(pamu.Perform, pamu.Probe);
    }

    // All pages are one block in the record, the global utilities another; barriers are marks.
    private static IReadOnlyList<RecordedOperation>? Interpret(DriverStep step)
    {
        if (step.Kind == DriverStepKind.Barrier)
            return [RecordedOperation.Of("mb", 0, 0)];
        if (step.Kind is not (DriverStepKind.ReadRegister or DriverStepKind.WriteRegister))
            return [];
        var shared = step.Address >= FslPamuRegisters.GlobalUtilities;
        var offset = shared ? step.Address - FslPamuRegisters.GlobalUtilities : step.Address + ((ulong)step.Unit * 0x1000);
        var text = step.Kind == DriverStepKind.ReadRegister ? $"r 0x{offset:x}" : $"w 0x{offset:x} 0x{step.Value:x}";
        return [new RecordedOperation(shared ? $"{text} guts" : text)];
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "init":
                break;
            case "probe":
                _life.Perform(step, _driver.Probe());
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = (FslPamuDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(_domains[args.Text("domain")]));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(_domains[args.Text("domain")], _devices[args.Text("dev")]));
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], _devices[args.Text("dev")]));
                break;
            case "map":
                _life.Perform(step, _driver.Map(_domains["A"], args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot")));
                break;
            case "configure_l1_stash":
                _life.Perform(step, _driver.ConfigureStash(_domains[args.Text("domain")], (int)args.Word("cpu")));
                break;
            case "irq":
                PlantViolation(step);
                _life.Perform(step, _driver.HandleInterrupt());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    // The recording planted what its silicon would have latched.
    private void PlantViolation(JsonElement step)
    {
        foreach (var read in step.Items("mmio").Where(RecordedOperation.IsRead))
        {
            var (unit, offset) = ((int)(read[1].Word() / 0x1000), read[1].Word() % 0x1000);
            _units[unit].Registers.Registers.First(register => register.Offset == offset).Value = read[2].Word();
        }
    }

    private void Probe()
    {
        var completion = new DmaCompletion[1];
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, FslPamuDriver.Lookup(_domains["A"], iova));
            foreach (var device in _devices.Values)
            {
                foreach (var liodn in device.Streams.Select(binding => binding.Stream).Where(liodn => liodn.Value < FslPaace.Count))
                {
                    _units[0].Translate([new DmaRequest(liodn, new Iova(iova), DmaAccess.Write, 1)], completion);
                    var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
                    _run.Check($"DMA to 0x{iova:x} of LIODN {liodn}", IsValid(liodn.Value) ? expected : null, landed);
                }
            }
        }
    }

    private bool IsValid(uint liodn)
    {
        var tables = _vector.GetProperty("params").Word("ppaact");
        return (_life.Memory.Read32(tables + (liodn * FslPaace.Bytes) + FslPaace.AddressBits) & 0x0100_0000) != 0;
    }
}
