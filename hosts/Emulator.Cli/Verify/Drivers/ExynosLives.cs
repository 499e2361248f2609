using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Exynos;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of a SysMMU: one instance, one device, the domains A and B.</summary>
public sealed class ExynosLives
{
    private static readonly DmaDevice Device = new("dev0", new StreamId(0));

    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly ExynosHardware _hardware;
    private readonly ExynosIommu _sysmmu;
    private readonly ExynosDriver _driver;
    private readonly Dictionary<string, ExynosDomain> _domains = new(StringComparer.Ordinal);
    private string? _attached;

    private ExynosLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var name = vector.Text("variant").Replace('_', '.');
        _hardware = ExynosHardware.All.First(hardware => hardware.Name == name);
        _sysmmu = MakeSilicon();
        _driver = new ExynosDriver(KernelVersion.Linux61, life.Memory, life.Frames, options: new ExynosDriverOptions { FaultHandler = Handled });
        life.Connect(new Bus(life.Memory, _sysmmu), (string?)null);

        // Planted: faults, a STATUS that never says blocked, and a v7 without CAPA1.
        var stuck = vector.Items("steps").SelectMany(step => step.Items("mmio")).Any(entry => RecordedOperation.Parse(entry).Text == "r 0x8" && entry[2].Word() == 0);
        life.ComparesRead = (_, offset) => offset is ExynosRegisters.Version or ExynosRegisters.ControlVm || (offset == ExynosRegisters.Status && !stuck);
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var exynos = new ExynosLives(vector, run, life);
        life.Run(exynos.Perform, exynos.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "init":
                _driver.Initialise();
                break;
            case "probe":
                _life.Perform(step, DriverSequence.InTurn([_driver.Probe(0), _driver.ProbeDevice(Device)]));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = (ExynosDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(_domains[args.Text("domain")], Device));
                _attached = args.Text("domain");
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], Device));
                _attached = _attached == args.Text("domain") ? null : _attached;
                break;
            case "map":
                _life.Perform(step, args.Text("via") == "core"
                    ? _driver.Map(_domains["A"], args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot"))
                    : _driver.MapPage(_domains["A"], args.Word("iova"), args.Word("pa"), args.Word("pgsize"), (Protection)args.Word("prot")));
                break;
            case "unmap":
                _life.Perform(step, args.Text("via") == "core"
                    ? _driver.Unmap(_domains["A"], args.Word("iova"), args.Word("size"))
                    : _driver.UnmapPage(_domains["A"], args.Word("iova"), args.Word("pgsize")));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(_domains["A"]));
                break;
            case "irq":
                HandleInterrupt(step);
                break;
            case "pm_suspend":
                _life.Perform(step, _driver.SuspendDevice(Device));
                break;
            case "pm_resume":
                _life.Perform(step, _driver.ResumeDevice(Device));
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    private void HandleInterrupt(JsonElement step)
    {
        var bug = step.GetProperty("ret") is { ValueKind: JsonValueKind.String } ret && ret.GetString() == "BUG";
        try
        {
            var result = _life.Perform(_driver.HandleInterrupt());
            if (bug)
                _run.Fail("BUG", $"ret {result}");
            else
                _life.CheckResult(step, result);
        }
        catch (KernelBugException) when (bug)
        {
            // As recorded.
        }
    }

    private Errno Handled(ulong iova, DmaAccess access)
    {
        _life.Expect(new RecordedOperation($"report_fault 0x{iova:x} {(access == DmaAccess.Write ? 1 : 0)}"));
        return Errno.None;
    }

    private ExynosIommu MakeSilicon() => new("sysmmu0", _life.Memory, _hardware, new ExynosOptions { Iotlb = _run.Options.Iotlb });

    private void Probe()
    {
        var attached = _attached == "A" && _sysmmu.Registers.Read(ExynosRegisters.Control, 4) == ExynosRegisters.ControlEnable;
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, _domains["A"].Tables!.Lookup(iova));
            foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
            {
                _run.Check($"walk of 0x{iova:x} without permission check", expected, Walk(iova, access, 0));
                if (!attached)
                    continue;
                var landed = Land(_sysmmu, iova, access);
                _run.Check($"{access} of 0x{iova:x}", Walk(iova, access, ExynosRegisters.CheckAccess), landed);
            }
        }
    }

    // Through silicon that has never seen a DMA.
    private ulong? Walk(ulong iova, DmaAccess access, uint configuration)
    {
        var silicon = MakeSilicon();
        var root = _domains["A"].Tables!.Root;
        silicon.Registers.Write(ExynosRegisters.Configuration, 4, configuration);
        silicon.Registers.Write(_hardware.Layout.TableBase, 4, _hardware.IsShifted ? root >> 12 : root);
        if (_hardware.HasVirtualMachines)
            silicon.Registers.Write(ExynosRegisters.ControlVm, 4, ExynosRegisters.VmEnable);
        silicon.Registers.Write(ExynosRegisters.Control, 4, ExynosRegisters.ControlEnable);
        return Land(silicon, iova, access);
    }

    private ulong? Land(ExynosIommu silicon, ulong iova, DmaAccess access)
    {
        var completion = new DmaCompletion[1];
        silicon.Translate([new DmaRequest(Device.Stream, new Iova(iova), access, 1)], completion);
        if (silicon.InterruptAsserted)
        {
            silicon.Registers.Write(_hardware.Layout.InterruptClear, 4, uint.MaxValue);
            silicon.Registers.Write(ExynosRegisters.Control, 4, ExynosRegisters.ControlEnable);
        }

        return completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : null;
    }
}
