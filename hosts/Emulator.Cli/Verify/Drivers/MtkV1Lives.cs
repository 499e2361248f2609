using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.MtkV1;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of MediaTek's first M4U: one device, the driver's own domain A and a foreign one.</summary>
public sealed class MtkV1Lives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly MtkV1Iommu _silicon;
    private readonly MtkV1Driver _driver;
    private readonly DmaDevice _device;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);

    private MtkV1Lives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        _silicon = new MtkV1Iommu("m4u", life.Memory, new MtkV1Options { Iotlb = run.Options.Iotlb });
        _driver = new MtkV1Driver(KernelVersion.Linux61, life.Memory, life.Frames);
        var ports = vector.GetProperty("params").Items("port_ids").Select(port => new StreamBinding(0, new StreamId((uint)port.Word())));
        _device = new DmaDevice("dev0", [.. ports]);
        life.Connect(new Bus(life.Memory, _silicon), [null]);

        // Fault registers were planted and CPE_DONE held back at times; INT_CONTROL's clear bit reads back there and clears itself here.
        life.ComparesRead = (_, offset) => offset is MtkV1Registers.Control or MtkV1Registers.ClockManagement or MtkV1Registers.StandardAxiMode;
    }

    private MtkV1Domain A => (MtkV1Domain)_domains["A"];

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var mtk = new MtkV1Lives(vector, run, life);
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
                CheckMasks(step, _life.Perform(_driver.Attach(_domains[args.Text("domain")], _device)));
                break;
            case "detach":
                CheckMasks(step, _life.Perform(_driver.Detach(_domains[args.Text("domain")], _device)));
                break;
            case "map" when args.Text("via") == "core":
                _life.Perform(step, _driver.Map(A, args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot")));
                break;
            case "map":
                _life.Perform(step, _driver.MapChunk(A, args.Word("iova"), args.Word("pa"), args.Word("pgsize"), args.Word("count")));
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, _driver.Unmap(A, args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.Perform(step, _driver.UnmapChunk(A, args.Word("iova"), args.Word("pgsize"), args.Word("count")));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(A));
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
        foreach (var (mask, larb) in expected.Items("larb_mmu").Select((mask, larb) => (mask, larb)))
            _run.Check($"ports of larb {larb}", mask.Word(), (ulong)_driver.LarbMasks[larb]);
    }

    // The domain's fault handler is told after the record was read; the direction is always given as read.
    private IEnumerable<DriverStep> Reported(IEnumerable<DriverStep> sequence)
    {
        var address = 0UL;
        foreach (var step in sequence)
        {
            if (step is { Kind: DriverStepKind.ReadRegister, Address: MtkV1Registers.InterruptControl })
                _life.Expect(new RecordedOperation($"report_fault 0x{address & 0xffff_f000:x} 0"));
            yield return step;
            if (step.Address == MtkV1Registers.FaultAddress)
                address = step.Value;
        }
    }

    private void Probe()
    {
        var completion = new DmaCompletion[1];
        _run.Check("table", (A.PageTable as MtkV1PageTable)?.Address, (ulong?)_silicon.Registers.Read(MtkV1Registers.TableBase, 4));
        new Bus(_life.Memory, _silicon).Run(_driver.ResumeDevice(_device));
        var translated = MtkV1Ports.ConfiguredPorts(MtkV1Ports.LarbOf((int)_device.Stream.Value)) > 0 && _driver.LarbMasks.Any(mask => mask != 0);
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            var found = A.PageTable!.Lookup(iova);

            // The record cannot tell a page at address 0 from none.
            _run.Check($"software lookup of 0x{iova:x}", expected, found == 0 ? null : found);
            _silicon.Translate([new DmaRequest(_device.Stream, new Iova(iova), DmaAccess.Write, 1)], completion);
            var landed = completion[0].Address.Value;
            if (!translated)
                _run.Check($"DMA to 0x{iova:x} of a port that bypasses", iova, landed);
            else if (found is { } page)
                _run.Check($"DMA to 0x{iova:x}", page | (iova & 0xfff), landed);
            else
                _run.Check($"DMA to 0x{iova:x}", _vector.GetProperty("params").Word("protect_base") | (iova & 0x7f), landed);
        }
    }
}
