using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Rockchip;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of the Rockchip IOMMU: one instance of one or two banks, one device, the domains A and B.</summary>
public sealed class RockchipLives
{
    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly RockchipHardware _hardware;
    private readonly RockchipIommu[] _units;
    private readonly string?[] _blocks;
    private readonly RockchipDriver _driver;
    private readonly DmaDevice _device;
    private readonly Dictionary<string, RockchipDomain> _domains = new(StringComparer.Ordinal);
    private bool _faultIsPlanted;

    private RockchipLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        var parameters = vector.GetProperty("params");
        var banks = (int)parameters.Word("num_mmu");
        _hardware = RockchipHardware.All.First(hardware => hardware.OutputBits == (int)parameters.Word("pa_bits"));
        _units = [.. Enumerable.Range(0, banks).Select(i => new RockchipIommu($"mmu{i}", life.Memory, _hardware, new RockchipOptions { Iotlb = run.Options.Iotlb }))];
        _blocks = [.. Enumerable.Range(0, banks).Select(i => i == 0 ? null : $"mmu{i}")];
        _device = new DmaDevice("dev0", [.. Enumerable.Range(0, banks).Select(i => new StreamBinding(i, new StreamId(0)))]);
        var options = new RockchipDriverOptions { Banks = banks, ResetDisabled = parameters.Flag("reset_disabled") };
        _driver = new RockchipDriver(KernelVersion.Linux61, _hardware, life.Memory, life.Frames, options: options);
        life.Connect(new Bus(life.Memory, [.. _units]), _blocks);

        // The recording planted page faults, and the first value of AUTO_GATING.
        life.ComparesRead = (_, offset) => !_faultIsPlanted && offset is RockchipRegisters.Status or RockchipRegisters.DirectoryAddress;
    }

    private RockchipDomain A => _domains["A"];

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var rockchip = new RockchipLives(vector, run, life);
        life.Run(rockchip.Perform, rockchip.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        var name = step.Text("step");
        _faultIsPlanted = name == "irq";
        for (var unit = 0; unit < _units.Length; unit++)
            IgnoreCommands(step, unit);
        switch (name)
        {
            case "probe":
                _life.Perform(step, _driver.Probe());
                break;
            case "domain_alloc":
                var domain = (RockchipDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                domain.FaultHandler = (iova, access) => _life.Expect(new RecordedOperation($"report_fault {iova} {(int)access}"));
                _domains[args.Text("domain")] = domain;
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
            case "pm_resume":
                _life.Perform(step, _driver.ResumeDevice(_device));
                break;
            case "pm_suspend":
                _life.Perform(step, _driver.SuspendDevice(_device));
                break;
            case "map":
                _life.Perform(step, args.Text("via") == "core"
                    ? _driver.Map(A, args.Word("iova"), args.Word("pa"), args.Word("size"), (Protection)args.Word("prot"))
                    : _driver.MapBlock(A, args.Word("iova"), args.Word("pa"), args.Word("pgsize"), (Protection)args.Word("prot")));
                break;
            case "unmap":
                _life.Perform(step, args.Text("via") == "core"
                    ? _driver.Unmap(A, args.Word("iova"), args.Word("size"))
                    : _driver.UnmapBlock(A, args.Word("iova"), args.Word("pgsize")));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(A));
                break;
            case "irq":
                _life.Perform(step, _driver.HandleInterrupt());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }
    }

    // Some recordings hold the hardware stuck on purpose: a bank then ignores the commands that the next read of their register shows without effect.
    private void IgnoreCommands(JsonElement step, int unit)
    {
        var ignored = _units[unit].IgnoredCommands;
        ignored.Clear();
        RockchipCommand? last = null;
        foreach (var entry in step.Items("mmio").Where(entry => (entry.GetArrayLength() > 3 ? entry[3].GetString() : null) == _blocks[unit]))
        {
            var (kind, offset, value) = (entry[0].GetString(), entry[1].Word(), entry.GetArrayLength() > 2 ? entry[2].Word() : 0);
            if (kind == "w" && offset == RockchipRegisters.Command)
            {
                last = (RockchipCommand)value;
            }
            else if (kind == "r" && last is { } command && offset == (command == RockchipCommand.ForceReset ? RockchipRegisters.DirectoryAddress : RockchipRegisters.Status))
            {
                if (!TookEffect(command, (uint)value))
                    ignored.Add(command);
                last = null;
            }
        }
    }

    private static bool TookEffect(RockchipCommand command, uint read) => command switch
    {
        RockchipCommand.EnablePaging => (read & RockchipRegisters.PagingEnabled) != 0,
        RockchipCommand.DisablePaging => (read & RockchipRegisters.PagingEnabled) == 0,
        RockchipCommand.EnableStall => (read & RockchipRegisters.StallActive) != 0,
        RockchipCommand.DisableStall => (read & RockchipRegisters.StallActive) == 0,
        RockchipCommand.ForceReset => read == 0,
        _ => true,
    };

    // A bank of its own is pointed at A's directory, whatever A is attached to. The driver's answer 0 stands for nothing mapped and for address 0.
    private void Probe()
    {
        var silicon = new RockchipIommu("probe", _life.Memory, _hardware, new RockchipOptions { Iotlb = _run.Options.Iotlb });
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa") ?? 0;
            _run.Check($"software lookup of 0x{iova:x}", expected, A.Tables!.Lookup(iova) ?? 0);
            new RockchipWalker(_life.Memory, _hardware).Walk(A.Tables.Directory, (uint)iova, out var walk);
            _run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? walk.Translate(iova) : 0);
            foreach (var (access, needed) in new[] { (DmaAccess.Read, PagePermissions.Read), (DmaAccess.Write, PagePermissions.Write) })
                CheckDma(silicon, new DmaRequest(new StreamId(0), new Iova(iova), access, 1), (walk.Permissions & needed) != 0 ? expected : null);
        }
    }

    private void CheckDma(RockchipIommu silicon, DmaRequest request, ulong? expected)
    {
        silicon.Registers.Write(RockchipRegisters.Command, 4, (ulong)RockchipCommand.ForceReset);
        silicon.Registers.Write(RockchipRegisters.DirectoryAddress, 4, _hardware.EncodeAddress(A.Tables!.Directory) | RockchipHardware.Valid);
        silicon.Registers.Write(RockchipRegisters.Command, 4, (ulong)RockchipCommand.EnablePaging);
        var completion = new DmaCompletion[1];
        silicon.Translate([request], completion);
        var landed = completion[0].Status == DmaStatus.Completed ? completion[0].Address.Value : (ulong?)null;
        _run.Check($"{request.Access} of {request.Iova}", expected, landed);
        _run.Check($"page fault at {request.Iova}", expected == null, silicon.Registers.Read(RockchipRegisters.InterruptRaw, 4) == RockchipRegisters.PageFault);
    }
}
