using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sprd;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of the Unisoc IOMMU: one instance, domain A.</summary>
public sealed class SprdLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly SprdIommu _silicon;
    private readonly SprdDriver _driver;
    private SprdDomain? _domain;

    private SprdLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var hardware = SprdHardware.All.First(hardware => hardware.Name == vector.Text("variant"));
        var register = (uint)vector.Items("steps").First(step => step.Text("step") == "probe").GetProperty("args").Word("reg0");
        var options = new SprdOptions { Iotlb = run.Options.Iotlb, ResetConfiguration = hardware.Configuration == SprdRegisters.Version ? register & ~SprdRegisters.VersionMask : 0 };
        _silicon = new SprdIommu("sprd", life.Memory, hardware, options);
        _driver = new SprdDriver(KernelVersion.Linux61, hardware, life.Memory, life.Frames);
        life.Connect(new Bus(life.Memory, _silicon), [null]);

        // VAU's other bits of VERSION and CFG's first value are the recording's choice.
        life.ComparesRead = (_, offset) => hardware.Configuration == SprdRegisters.Version && offset == hardware.Configuration;
    }

    private SprdDomain Domain => _domain ?? throw new FormatException("domain A is not there yet");

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var sprd = new SprdLives(vector, run, life);
        life.Run(sprd.Perform, sprd.Probe);
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
                _domain = (SprdDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(Domain));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(Domain, new DmaDevice(args.Text("dev"), new StreamId(0))));
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(Domain, new DmaDevice(args.Text("dev"), new StreamId(0))));
                break;
            case "map" when args.Text("via") == "core":
                _life.Perform(step, _driver.Map(Domain, args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot")));
                break;
            case "map":
                _life.CheckResult(step, -(long)_driver.MapPages(Domain, args.Word("iova"), args.Word("pa"), args.Word("pgsize"), args.Word("count")).Errno);
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, ((IIommuDriver)_driver).Unmap(Domain, args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.CheckResult(step, (long)Domain.PageTable!.Unmap(args.Word("iova"), args.Word("pgsize"), args.Word("count"), new InvalidationGather()));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(Domain));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    // Software answers the offset in the page where nothing is mapped; silicon sends the DMA to the protect page.
    private void Probe()
    {
        var protect = _vector.GetProperty("params").Word("prot_page");
        var completion = new DmaCompletion[1];
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, Domain.PageTable!.Lookup(iova));
            _silicon.Translate([new DmaRequest(new StreamId(0), new Iova(iova), DmaAccess.Read, 1)], completion);
            var landed = expected is >= PhysicalMemory.FrameSize ? expected : protect | (iova & (PhysicalMemory.FrameSize - 1));
            _run.Check($"DMA to 0x{iova:x}", landed, completion[0].Address.Value);
        }
    }
}
