using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.ArmSmmu;
using Emulator.Hardware.Iommus.ArmSmmu.Driver;
using Emulator.Hardware.PageTables;
using R = Emulator.Hardware.Iommus.ArmSmmu.ArmSmmuRegisters;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of an SMMUv1 or SMMUv2: two devices, the domains A, DMA and IDENTITY.</summary>
public sealed class ArmSmmuLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly ArmSmmuIommu _silicon;
    private readonly ArmSmmuDriver _driver;
    private readonly Dictionary<string, DmaDevice> _devices;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IommuDomain> _attached = new(StringComparer.Ordinal);

    private ArmSmmuLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var version = vector.Text("variant") == "v1" ? 1 : 2;
        var options = new ArmSmmuOptions
        {
            Version = version,
            Id0 = (uint)parameters.Word("id0"),
            Id1 = (uint)parameters.Word("id1"),
            Id2 = (uint)parameters.Word("id2"),
            Iotlb = run.Options.Iotlb,
        };
        _silicon = new ArmSmmuIommu("smmu", life.Memory, options);
        life.Connect(new Bus(life.Memory, _silicon), (string?)null);
        life.ComparesRead = (_, offset) => !IsPlanted(options.Layout, offset);
        _driver = new ArmSmmuDriver(life.Memory, life.Frames, KernelVersion.Linux61, new ArmSmmuDriverOptions
        {
            Version = version,
            Model = vector.Text("variant") == "mmu500" ? ArmSmmuModel.Mmu500 : ArmSmmuModel.Generic,
            DisableBypass = parameters.Flag("disable_bypass"),
            FirmwareCoherent = parameters.Flag("coherent_fw"),
        })
        {
            FaultHandler = ReportFault,
        };
        _devices = new Dictionary<string, DmaDevice>(StringComparer.Ordinal)
        {
            ["dev0"] = new("dev0", [.. parameters.Items("sids_dev0").Select(stream => new StreamBinding(0, new StreamId((uint)stream.Word())))]),
            ["dev1"] = new("dev1", new StreamId((uint)parameters.Word("sid_dev1"))),
        };
    }

    private IommuDomain DomainA => _domains["A"];

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var lives = new ArmSmmuLives(vector, run, life);
        life.Run(lives.Perform, lives.Probe);
    }

    // The recording planted faults and invalidations that never end; what follows a planted fault is no answer of our silicon either.
    private static bool IsPlanted(ArmSmmuLayout layout, ulong offset)
    {
        if (offset < layout.Page1)
            return offset is R.GlobalFaultStatus or R.GlobalFaultSyndrome0 or R.GlobalFaultSyndrome1 or R.GlobalFaultSyndrome2 or R.GlobalSyncStatus;
        if (offset < layout.Bank(0))
            return true;
        return (offset & (layout.Page1 - 1)) is R.FaultStatus or R.FaultAddress or R.FaultSyndrome0 or R.TlbStatus;
    }

    private void ReportFault(IommuDomain domain, Iova iova, DmaAccess access)
    {
        if (domain == DomainA)
            _life.Expect(new RecordedOperation($"report_fault 0x{iova.Value:x} {(access == DmaAccess.Write ? "1" : "0")}"));
    }

    private void Perform(JsonElement step)
    {
        var arguments = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                Check(step, _driver.Probe());
                break;
            case "probe_device":
                Check(step, _driver.ProbeDevice(_devices[arguments.Text("dev")]));
                break;
            case "release_device":
                Check(step, _driver.ReleaseDevice(_devices[arguments.Text("dev")]));
                _attached.Remove(arguments.Text("dev"));
                break;
            case "domain_alloc":
                Allocate(step, arguments);
                break;
            case "domain_free":
                Check(step, _driver.FreeDomain(_domains[arguments.Text("domain")]));
                break;
            case "enable_nesting":
                _life.CheckResult(step, -(long)_driver.EnableNesting(DomainA));
                break;
            case "attach":
                Attach(step, arguments);
                break;
            case "map" when arguments.Text("via") == "core":
                Check(step, DomainMapping.Map(
                    _driver, DomainA, arguments.Word("iova"), arguments.Word("pa"), arguments.Word("size"), (Protection)arguments.Word("prot"), NewGather()));
                break;
            case "map":
                var result = DomainA.PageTable!.Map(
                    arguments.Word("iova"), arguments.Word("pa"), arguments.Word("pgsize"), arguments.Word("count"), (Protection)arguments.Word("prot"), NewGather());
                _run.Check("rc", step.GetProperty("ret").GetProperty("rc").GetInt64(), -(long)result.Errno);
                _run.Check("mapped", step.GetProperty("ret").Word("mapped"), result.Mapped);
                break;
            case "unmap" when arguments.Text("via") == "core":
                Check(step, DomainMapping.Unmap(_driver, DomainA, arguments.Word("iova"), arguments.Word("size"), NewGather()));
                break;
            case "unmap":
                _life.CheckResult(step, (long)DomainA.PageTable!.Unmap(arguments.Word("iova"), arguments.Word("pgsize"), arguments.Word("count"), NewGather()));
                break;
            case "flush":
                Check(step, _driver.FlushAll(DomainA));
                break;
            case "irq":
                Check(step, _driver.HandleInterrupt());
                break;
            case "pm_resume":
                Check(step, _driver.Resume());
                break;
            case "shutdown":
                Check(step, _driver.Shutdown());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private void Allocate(JsonElement step, JsonElement arguments)
    {
        try
        {
            _domains[arguments.Text("domain")] = _driver.AllocateDomain((DomainType)arguments.Word("type"));
            _life.CheckResult(step, 0);
        }
        catch (DriverException)
        {
            _life.CheckResult(step, -1);
        }
    }

    // The recording leaves open which of two domains a device joined; a fresh one needs a table.
    private void Attach(JsonElement step, JsonElement arguments)
    {
        var name = arguments.Text("domain");
        if (name == "A_or_DMA")
            name = step.Items("pages").Any(page => page[0].GetString() == "alloc") ? "DMA" : "A";
        var device = arguments.Text("dev");
        if (Check(step, _driver.Attach(_domains[name], _devices[device])) == 0)
            _attached[device] = _domains[name];
    }

    private InvalidationGather NewGather() => new() { InvalidateWalk = Invalidate, InvalidatePage = Invalidate };

    private void Invalidate(Invalidation request) => _life.Perform(_driver.Invalidate(DomainA, request));

    private void Probe()
    {
        var bus = new Bus(_life.Memory, _silicon);
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"lookup of 0x{iova:x}", expected ?? 0, (ulong)bus.Run(_driver.LookUp(DomainA, new Iova(iova))));
            foreach (var (device, _) in _attached.Where(pair => pair.Value == DomainA))
                CheckDma(_devices[device].Stream, iova);
        }
    }

    // A device that is attached to A lands where A's table says, in one direction at least.
    private void CheckDma(StreamId stream, ulong iova)
    {
        var completions = new DmaCompletion[2];
        _silicon.Translate(
            [
                new DmaRequest(stream, new Iova(iova), DmaAccess.Read, 1) { Attributes = DmaAttributes.Privileged },
                new DmaRequest(stream, new Iova(iova), DmaAccess.Write, 1) { Attributes = DmaAttributes.Privileged },
            ],
            completions);
        var landed = completions.Where(completion => completion.Status == DmaStatus.Completed).Select(completion => (ulong?)completion.Address.Value).FirstOrDefault();
        _run.Check($"DMA to 0x{iova:x} by stream {stream}", DomainA.PageTable!.Lookup(iova), landed);
    }

    private long Check(JsonElement step, IEnumerable<DriverStep> sequence)
    {
        var result = _life.Perform(sequence);
        _life.CheckResult(step, result);
        return result;
    }
}
