using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.QcomIommu;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of Qualcomm's context-bank IOMMU: three banks, one device behind one or two of them, the domains A and B.</summary>
public sealed class QcomIommuLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly RecordedPaging _paging;
    private readonly QcomIommuIommu _silicon;
    private readonly QcomIommuDriver _driver;
    private readonly DmaDevice _device;
    private readonly Dictionary<string, IommuDomain> _domains = new(StringComparer.Ordinal);
    private IommuDomain? _programmed;

    private QcomIommuLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var hardware = QcomIommuHardware.All.First(hardware => hardware.Name == vector.Text("variant")) with
        {
            SecureId = (int)parameters.Word("secure_id"),
            SecureBanks = parameters.Flag("has_sec_ctx") ? [3] : [],
            LocalBase = parameters.OptionalWord("local_base"),
        };
        _silicon = new QcomIommuIommu("iommu", life.Memory, hardware, new QcomIommuOptions { Iotlb = run.Options.Iotlb });
        life.Connect(new Bus(life.Memory, _silicon), (string?)null);
        var firmware = new QcomFirmware
        {
            RestoreSecureConfiguration = (id, bank) => Call("scm_restore_sec_cfg", (ulong)id, (ulong)bank),
            InitialiseSecureTables = (address, bytes) => Call("scm_secure_ptbl_init", address, bytes),
        };
        _driver = new QcomIommuDriver(KernelVersion.Linux61, hardware, life.Memory, life.Frames, options: new QcomIommuDriverOptions { Firmware = firmware });
        _paging = new RecordedPaging(life, run, _driver, _driver.Invalidate, pagesAtOnce: true);
        _device = new DmaDevice("dev0", [.. parameters.Items("asids").Select(asid => new StreamBinding(0, new StreamId((uint)asid.Word())))]);
    }

    /// <summary>Runs one vector. The recording planted all that is read: faults, and syncs that do not end.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var iommu = new QcomIommuLives(vector, run, life);
        life.Run(iommu.Perform, iommu.Probe);
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
            case "domain_free":
                _life.Perform(step, _driver.FreeDomain(_domains[args.Text("domain")]));
                break;
            case "attach":
                // A domain that was attached before is not programmed again.
                _programmed = step.Items("mmio").Any() ? _domains[args.Text("domain")] : null;
                _life.Perform(step, _driver.Attach(_domains[args.Text("domain")], _device));
                break;
            case "detach":
                _programmed = null;
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
            case "irq":
                // Some domains have a fault handler.
                var reports = step.Items("mmio").Any(entry => entry[0].GetString() == "report_fault");
                _driver.FaultHandler = (_, iova) => reports && _life.Expect(new RecordedOperation($"report_fault {iova} 0")) != null;
                _life.Perform(step, _driver.HandleInterrupt());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private Errno Call(string name, ulong first, ulong second)
    {
        _life.Expect(RecordedOperation.Of(name, first, second));
        return Errno.None;
    }

    private void Probe()
    {
        var table = ((QcomIommuDomain)_domains["A"]).Tables!;
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, table.Lookup(iova));
            var reader = new MemoryTableReader(_life.Memory);
            ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, new ArmLpaeRegime(table.Root, 12, table.Layout.StartLevel, 32, 40), iova, out var walk);
            _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : null);
            foreach (var binding in _device.Streams)
                CheckDma(binding.Stream, iova, expected, walk);
        }
    }

    // Through the silicon: as the tables say while A is programmed, untranslated while nothing is.
    private void CheckDma(StreamId stream, ulong iova, ulong? expected, in WalkResult walk)
    {
        if (_programmed != null && _programmed != _domains["A"])
            return;
        var completion = new DmaCompletion[1];
        foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
        {
            foreach (var attributes in (DmaAttributes[])[DmaAttributes.None, DmaAttributes.Privileged])
            {
                _silicon.Translate([new DmaRequest(stream, new Iova(iova), access, 1) { Attributes = attributes }], completion);
                var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
                if (completion[0].Status == DmaStatus.Stalled)
                    Terminate(stream);
                var allowed = (access == DmaAccess.Read || (walk.Permissions & PagePermissions.Write) != 0)
                    && (attributes == DmaAttributes.Privileged || (walk.Permissions & PagePermissions.PrivilegedOnly) == 0);
                _run.Check($"{access} ({attributes}) of 0x{iova:x} at bank {stream}", _programmed == null ? iova : allowed ? expected : null, landed);
            }
        }
    }

    private void Terminate(StreamId stream)
    {
        var bank = QcomIommuHardware.Bank((int)stream.Value);
        _silicon.Registers.Write(bank + QcomIommuRegisters.FaultStatus, 4, QcomIommuRegisters.AnyFault);
        _silicon.Registers.Write(bank + QcomIommuRegisters.Resume, 4, 1);
        _silicon.TakeResumed(new ResumedDma[1]);
    }
}
