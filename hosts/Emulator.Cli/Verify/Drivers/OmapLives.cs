using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Omap;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of the OMAP MMU: one MMU, or the two of a DRA7 DSP, and the domain A.</summary>
public sealed class OmapLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly OmapDriver _driver;
    private readonly OmapIommu[] _units;
    private OmapDomain? _domain;

    private OmapLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var instances = (int)parameters.Word("num_iommus");
        var hardware = new OmapHardware(
            vector.Text("variant"), (int)parameters.Word("nr_tlb_entries"), parameters.Word("bus_err_back") != 0, instances, vector.Text("variant") == OmapHardware.Dra7Dsp.Name);
        var system = hardware.DspSystem ? new OmapDspSystem("dsp_system") : null;
        var options = new OmapOptions { CachesWalks = !run.Options.Iotlb.Disabled };
        _units = [.. Enumerable.Range(0, instances).Select(i => new OmapIommu($"mmu{i}", life.Memory, hardware, options, system, i))];
        _driver = new OmapDriver(KernelVersion.Linux61, hardware, life.Memory, life.Frames, instances);
        life.Connect(new Bus(life.Memory, _units) { Blocks = system == null ? [] : [system.Registers] }, [.. new[] { null, "mmu1" }.Take(instances), "dsp_system"]);

        // The recording planted faults, TLB entries and the revision.
        life.ComparesRead = (unit, offset) => unit == instances || offset is OmapRegisters.Control or OmapRegisters.Lock;
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var omap = new OmapLives(vector, run, life);
        life.Run(omap.Perform, omap.Probe);
    }

    private OmapDomain Domain => _domain ?? throw new FormatException("a step before domain_alloc");

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, _driver.Probe());
                break;
            case "domain_alloc":
                _domain = (OmapDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(Domain, Device(args.Text("dev"))));
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(Domain, Device(args.Text("dev"))));
                break;
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(Domain));
                break;
            case "map":
                Map(step, args);
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, _driver.Unmap(Domain, args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.Perform(step, _driver.UnmapPage(Domain, args.Word("iova")));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(Domain));
                break;
            case "irq":
                HandleInterrupt(step);
                break;
            case "pm_suspend":
                _life.Perform(step, _driver.SuspendDevice(Device("dev0")));
                break;
            case "pm_resume":
                _life.Perform(step, _driver.ResumeDevice(Device("dev0")));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private void Map(JsonElement step, JsonElement args)
    {
        var (iova, physical) = (args.Word("iova"), args.Word("pa"));
        if (args.Text("via") == "core")
            _life.Perform(step, _driver.Map(Domain, iova, physical, args.Word("size"), (Protection)args.Word("prot")));
        else
            _life.Perform(step, _driver.MapPage(Domain, iova, physical, args.Word("pgsize")));
    }

    // Whether the domain's owner had installed a handler shows in the record alone.
    private void HandleInterrupt(JsonElement step)
    {
        var installed = step.Items("mmio").Any(entry => entry[0].GetString() == "report_fault");
        Domain.FaultHandler = installed ? Report : null;
        _life.Perform(step, _driver.HandleInterrupt());
    }

    private bool Report(Iova iova)
    {
        _life.Expect(new RecordedOperation($"report_fault 0x{iova.Value:x} 0"));
        return true;
    }

    private DmaDevice Device(string name) => new(name, [.. _units.Select((_, unit) => new StreamBinding(unit, new StreamId(0)))]);

    private void Probe()
    {
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, Domain.Tables?.Lookup(iova));
            if (Domain.Tables == null)
                continue;
            for (var unit = 0; unit < _units.Length; unit++)
            {
                new OmapWalker(_life.Memory).Walk((uint)Domain.Tables.Roots[unit], (uint)iova, out var walk);
                _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : null);
                CheckDma(unit, iova, expected);
            }
        }
    }

    // From an empty TLB: a supersection with a section in its midst is cached whole.
    private void CheckDma(int unit, ulong iova, ulong? expected)
    {
        _units[unit].Registers.Write(OmapRegisters.GlobalFlush, 4, 1);
        var completion = new DmaCompletion[1];
        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            _units[unit].Translate([new DmaRequest(new StreamId(0), new Iova(iova), access, 1)], completion);
            var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
            _run.Check($"{access} of 0x{iova:x} by MMU {unit}", expected, landed);
        }
    }
}
