using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Msm;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of the MSM IOMMU: one instance, one device with one to three MIDs, the domains A and B.</summary>
public sealed class MsmLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly RecordedPaging _paging;
    private readonly MsmIommu _silicon;
    private readonly MsmDriver _driver;
    private readonly DmaDevice _device;
    private readonly Dictionary<string, MsmDomain> _domains = new(StringComparer.Ordinal);

    private MsmLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var hardware = MsmHardware.All.First(hardware => hardware.Name == vector.Text("variant")) with { Banks = (int)parameters.Word("ncb"), Mids = 128 };
        _silicon = new MsmIommu("iommu", life.Memory, hardware, new MsmOptions { Iotlb = run.Options.Iotlb });
        life.Connect(new Bus(life.Memory, _silicon), (string?)null);

        // PAR and what is read of a fault are the recording's choice; the faults that our own DMA makes it does not know.
        life.ComparesRead = (_, offset) => offset >= MsmRegisters.MasterToBank || (offset & 0xfff) is < MsmRegisters.PhysicalAddress or > MsmRegisters.FaultSyndrome1;
        _driver = new MsmDriver(KernelVersion.Linux61, hardware, life.Memory, life.Frames);
        _paging = new RecordedPaging(life, run, _driver, _driver.Invalidate, pagesAtOnce: true);
        _device = new DmaDevice("dev0", [.. parameters.Items("mids").Select(mid => new StreamBinding(0, new StreamId((uint)mid.Word())))]);
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
                _life.Perform(step, _driver.Probe());
                _run.Check("probe of the device", 0L, _life.Perform(_driver.ProbeDevice(_device)));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = (MsmDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(_domains[args.Text("domain")]));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(_domains[args.Text("domain")], _device));
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], _device));
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
            case "probe_v2p":
                _life.Perform(step, _driver.IovaToPhysical(_domains["A"], args.Word("iova")));
                break;
            case "irq":
                _life.Perform(step, _driver.HandleInterrupt());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    // A is attached then, through bank 0.
    private void Probe()
    {
        var table = _domains["A"].Tables!;
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, table.Lookup(iova));
            new ArmShortWalker(_life.Memory).Walk(table.Root, iova, out var walk);
            _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : null);
            foreach (var binding in _device.Streams)
                CheckDma(binding.Stream, iova, expected, walk);
            CheckTranslation(iova, expected, walk);
        }
    }

    private void CheckDma(StreamId stream, ulong iova, ulong? expected, in WalkResult walk)
    {
        var completion = new DmaCompletion[1];
        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            foreach (var attributes in (DmaAttributes[])[DmaAttributes.None, DmaAttributes.Privileged])
            {
                _silicon.Translate([new DmaRequest(stream, new Iova(iova), access, 1) { Attributes = attributes }], completion);
                var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
                if (completion[0].Status == DmaStatus.Stalled)
                    Terminate();
                var allowed = (access == DmaAccess.Read || (walk.Permissions & PagePermissions.Write) != 0)
                    && (attributes == DmaAttributes.Privileged || (walk.Permissions & PagePermissions.PrivilegedOnly) == 0);
                _run.Check($"{access} ({attributes}) of 0x{iova:x} by MID {stream}", allowed ? expected : null, landed);
            }
        }
    }

    // The silicon's own answer to a privileged read.
    private void CheckTranslation(ulong iova, ulong? expected, in WalkResult walk)
    {
        _silicon.Registers.Write(MsmRegisters.Translate, 4, iova & 0xffff_f000);
        var answer = _silicon.Registers.Read(MsmRegisters.PhysicalAddress, 4);
        var failed = MsmRegisters.TranslationFailed | (ulong)MsmFault.Translation | (walk.Level == 2 ? MsmRegisters.SecondLevel : 0);
        var supersection = walk.PageShift == 24 ? MsmRegisters.TranslatedSupersection : 0;
        _run.Check($"PAR of 0x{iova:x}", expected is { } address ? (address & 0xffff_f000) | supersection : failed, answer);
    }

    private void Terminate()
    {
        _silicon.Registers.Write(MsmRegisters.FaultStatus, 4, MsmRegisters.FaultClear);
        _silicon.Registers.Write(MsmRegisters.Resume, 4, 1);
        _silicon.TakeResumed(new ResumedDma[1]);
    }
}
