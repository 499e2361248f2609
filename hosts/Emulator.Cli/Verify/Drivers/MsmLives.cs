using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Msm;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of Qualcomm's first IOMMU: one instance, one master with several streams, two domains.</summary>
public sealed class MsmLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly RecordedPaging _paging;
    private readonly MsmIommu _silicon;
    private readonly MsmDriver _driver;
    private readonly DmaDevice _device;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);
    private string? _attached;

    private MsmLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var banks = (int)parameters.Word("ncb");
        _silicon = new MsmIommu("iommu", life.Memory, new MsmOptions { Iotlb = run.Options.Iotlb, Banks = banks });
        _driver = new MsmDriver(KernelVersion.Linux61, life.Memory, life.Frames, banks);
        _device = new DmaDevice("dev0", [.. parameters.Items("mids").Select(stream => new StreamBinding(0, new StreamId((uint)stream.Word())))]);
        _paging = new RecordedPaging(life, run, _driver, _driver.Invalidate, pagesAtOnce: true);
        life.Connect(new Bus(life.Memory, _silicon), [null]);

        // Faults were planted, and PAR's details are the recording's own.
        life.ComparesRead = (_, offset) => (offset % MsmRegisters.BankSize) is not (MsmRegisters.FaultStatus or MsmRegisters.PhysicalAddress or MsmRegisters.FaultAddress or MsmRegisters.FaultSyndrome0 or MsmRegisters.FaultSyndrome1);
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var msm = new MsmLives(vector, run, life);
        life.Run(msm.Perform, msm.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                Perform(step, _driver.Probe());
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = _driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                if (Perform(step, _driver.Attach(_domains[args.Text("domain")], _device)) == 0)
                    _attached = args.Text("domain");
                break;
            case "detach":
                Perform(step, _driver.Detach(_domains[args.Text("domain")], _device));
                _attached = null;
                break;
            case "map":
                _paging.Map(step, _domains["A"]);
                break;
            case "unmap":
                _paging.Unmap(step, _domains["A"]);
                break;
            case "flush":
                Perform(step, _driver.FlushAll(_domains["A"]));
                break;
            case "irq":
                Perform(step, _driver.HandleInterrupt());
                break;
            case "probe_v2p":
                Perform(step, _driver.Lookup(_domains["A"], args.Word("iova")));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private long Perform(JsonElement step, IEnumerable<DriverStep> sequence)
    {
        var result = _life.Perform(sequence);
        _life.CheckResult(step, result);
        return result;
    }

    private void Probe()
    {
        var completion = new DmaCompletion[1];
        foreach (var probe in _vector.Items("probes").Where(_ => _attached == "A"))
        {
            var iova = probe.Word("iova");
            var expected = _domains["A"].PageTable!.Lookup(iova);
            foreach (var binding in _device.Streams)
            {
                _silicon.Translate([new DmaRequest(binding.Stream, new Iova(iova), DmaAccess.Read, 1) { Attributes = DmaAttributes.Privileged }], completion);
                var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
                _run.Check($"DMA to 0x{iova:x} by stream {binding.Stream}", expected, landed);
            }

            if (probe.OptionalWord("pa") is { } address)
                _run.Check($"lookup of 0x{iova:x}", address, expected);
        }
    }
}
