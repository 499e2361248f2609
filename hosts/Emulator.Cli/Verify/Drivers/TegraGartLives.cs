using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.TegraGart;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of Tegra20's GART: two devices, two domains, one table of entries.</summary>
public sealed class TegraGartLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly TegraGartIommu _silicon;
    private readonly TegraGartDriver _driver;
    private readonly TegraGartOptions _options;
    private readonly Dictionary<string, DmaDevice> _devices = new[] { "dev0", "dev1" }.ToDictionary(name => name, name => new DmaDevice(name, new StreamId(name == "dev0" ? 0u : 1u)));
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);

    private TegraGartLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        _options = new TegraGartOptions
        {
            ApertureBase = parameters.Word("aperture_base"),
            ApertureSize = parameters.Word("aperture_size"),
            Debug = parameters.Word("gart_debug") != 0,
        };
        _silicon = new TegraGartIommu("gart", life.Memory, _options);
        _driver = new TegraGartDriver(_options);
        life.Connect(new Bus(life.Memory, _silicon), [null]);
        life.ComparesRead = (_, _) => true;
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var gart = new TegraGartLives(vector, run, life);
        life.Run(gart.Perform, gart.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, _driver.ProbeGart());
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = _driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(_domains[args.Text("domain")], _devices[args.Text("dev")]));
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], _devices[args.Text("dev")]));
                break;
            case "map" when args.Text("via") == "core":
                _life.Perform(step, _driver.Map(_domains["A"], args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot")));
                break;
            case "map":
                _life.Perform(step, _driver.MapPage(args.Word("iova"), args.Word("pa")));
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, _driver.Unmap(_domains["A"], args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.Perform(step, _driver.UnmapPage(args.Word("iova")));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(_domains["A"]));
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

    private void Probe()
    {
        var bus = new Bus(_life.Memory, _silicon);
        var completion = new DmaCompletion[1];
        foreach (var entry in _vector.GetProperty("params").Items("gart_ptes_at_end"))
        {
            var (iova, word) = (entry[0].Word(), entry[1].Word());
            _run.Check($"entry of 0x{iova:x}", word & TegraGartRegisters.PageMask, (ulong)bus.Run(_driver.Lookup(iova)));
            _silicon.Translate([new DmaRequest(new StreamId(0), new Iova(iova + 0x10), DmaAccess.Write, 1)], completion);
            _run.Check($"DMA to 0x{iova + 0x10:x}", (word & TegraGartRegisters.PageMask) + 0x10, completion[0].Address.Value);
        }

        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var found = bus.Run(_driver.Lookup(iova));
            _run.Check($"software lookup of 0x{iova:x}", probe.OptionalWord("pa"), found == 0 ? null : (ulong)found);
        }
    }
}
