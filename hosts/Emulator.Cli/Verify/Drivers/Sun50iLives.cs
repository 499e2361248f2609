using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.Sun50i;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>Recorded lives of Allwinner's IOMMU: one instance, two devices, the domains A and B.</summary>
public sealed class Sun50iLives
{
    // Steps do not name their domain: it is A until B is attached and for two more steps, then B.
    private const int StepsOfA = 2;

    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly Sun50iIommu _iommu;
    private readonly Sun50iDriver _driver;
    private readonly Dictionary<string, Sun50iDomain> _domains = new(StringComparer.Ordinal);
    private int _stepsOfA = int.MaxValue;

    private Sun50iLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        (_vector, _run, _life) = (vector, run, life);
        _iommu = MakeSilicon();
        _driver = new Sun50iDriver(KernelVersion.Linux61, life.Memory, life.Frames, new Sun50iDriverOptions { FaultHandler = Reported });
        life.Connect(new Bus(life.Memory, _iommu), (string?)null);

        // The recording has no reset line and no clock.
        life.Interpret = step => step.Address == Sun50iRegisters.BusGateReset ? [] : null;

        // Planted: faults, and commands that stay busy.
        var stuck = vector.Items("steps").SelectMany(step => step.Items("mmio")).Where(entry => RecordedOperation.IsRead(entry) && entry[2].Word() != 0)
            .Select(entry => entry[1].Word()).ToHashSet();
        life.ComparesRead = (_, offset) =>
            offset is Sun50iRegisters.TlbFlush or Sun50iRegisters.Invalidate or Sun50iRegisters.InvalidateWalk && !stuck.Contains(offset);
    }

    /// <summary>Runs one vector.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        var sun50i = new Sun50iLives(vector, run, life);
        life.Run(sun50i.Perform, sun50i.Probe);
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "probe":
                _life.Perform(step, DriverSequence.InTurn([_driver.Probe(), _driver.ProbeDevice(Device("dev0")), _driver.ProbeDevice(Device("dev1"))]));
                break;
            case "domain_alloc":
                _domains[args.Text("domain")] = (Sun50iDomain)_driver.AllocateDomain((DomainType)args.Word("type"));
                break;
            case "attach":
                _life.Perform(step, _driver.Attach(_domains[args.Text("domain")], Device(args.Text("dev"))));
                _stepsOfA = args.Text("domain") == "B" ? StepsOfA : _stepsOfA;
                break;
            case "detach":
                _life.Perform(step, _driver.Detach(_domains[args.Text("domain")], Device(args.Text("dev"))));
                break;
            case "map":
                Map(step, args);
                break;
            case "unmap" when args.Text("via") == "core":
                _life.Perform(step, DomainMapping.Unmap(_driver, Current, args.Word("iova"), args.Word("size")));
                break;
            case "unmap":
                _life.CheckResult(step, (long)Current.Tables!.Unmap(args.Word("iova"), args.Word("pgsize"), args.Word("count"), new InvalidationGather()));
                break;
            case "flush":
                _life.Perform(step, _driver.FlushAll(Current));
                break;
            case "irq":
                _life.Perform(step, _driver.HandleInterrupt());
                break;
            case var other:
                throw new FormatException($"unknown step {other}");
        }

        if (step.Text("step") is "map" or "unmap" or "flush" or "irq")
            _stepsOfA--;
    }

    private Sun50iPageTable Table => _domains["A"].Tables!;

    private Sun50iDomain Current => _stepsOfA > 0 ? _domains["A"] : _domains["B"];

    private static DmaDevice Device(string name) => new(name, new StreamId(name == "dev0" ? 0u : 1));

    private void Map(JsonElement step, JsonElement args)
    {
        var (iova, physical, protection) = (args.Word("iova"), args.Word("pa"), (Protection)args.Word("prot"));
        if (args.Text("via") == "core")
            _life.Perform(step, DomainMapping.Map(_driver, Current, iova, physical, args.Word("size"), protection));
        else
            _life.CheckResult(step, -(long)Current.Tables!.Map(iova, physical, args.Word("pgsize"), args.Word("count"), protection, new InvalidationGather()).Errno);
    }

    private void Reported(ulong iova, DmaAccess access) =>
        _life.Expect(new RecordedOperation($"report_fault 0x{iova:x} {(access == DmaAccess.Write ? 1 : 0)}"));

    private Sun50iIommu MakeSilicon() => new("iommu", _life.Memory, Sun50iHardware.H6, new Sun50iOptions { Iotlb = _run.Options.Iotlb });

    private void Probe()
    {
        var installed = _iommu.Registers.Read(Sun50iRegisters.Enable, 4) == 1 && _iommu.Registers.Read(Sun50iRegisters.TableBase, 4) == Table.Root;
        foreach (var probe in _vector.Items("probes"))
        {
            var iova = probe.Word("iova");
            var expected = probe.OptionalWord("pa");
            _run.Check($"software lookup of 0x{iova:x}", expected, Table.Lookup(iova));
            foreach (var access in (DmaAccess[])[DmaAccess.Read, DmaAccess.Write])
            {
                _run.Check($"walk of 0x{iova:x}", expected, Walk(iova, access));
                if (installed)
                    _run.Check($"{access} of 0x{iova:x}", IsAllowed(iova, access) ? expected : null, Land(_iommu, iova, access));
            }
        }
    }

    // What DM_AUT_CTRL says after the driver's writes: the authority for reads denies nothing.
    private bool IsAllowed(ulong iova, DmaAccess access)
    {
        var directory = _life.Memory.Read32(Table.Root + ((iova >> 20) * 4));
        var word = _life.Memory.Read32((directory & ~0x3ffu) + (((iova >> 12) & 0xff) * 4));
        return (Sun50iAuthority)((word >> 4) & 0xf) switch
        {
            Sun50iAuthority.None => false,
            Sun50iAuthority.Write => access == DmaAccess.Write,
            _ => true,
        };
    }

    // Through silicon that has never seen a DMA, and whose authorities deny nothing.
    private ulong? Walk(ulong iova, DmaAccess access)
    {
        var silicon = MakeSilicon();
        silicon.Registers.Write(Sun50iRegisters.BusGateReset, 4, Sun50iRegisters.ResetReleased | Sun50iRegisters.ClockOn);
        silicon.Registers.Write(Sun50iRegisters.TableBase, 4, Table.Root);
        silicon.Registers.Write(Sun50iRegisters.Enable, 4, 1);
        return Land(silicon, iova, access);
    }

    private static ulong? Land(Sun50iIommu silicon, ulong iova, DmaAccess access)
    {
        var completion = new DmaCompletion[1];
        silicon.Translate([new DmaRequest(new StreamId(0), new Iova(iova), access, 1)], completion);
        if (completion[0].Status == DmaStatus.Completed)
            return completion[0].Address.Value;
        silicon.Registers.Write(Sun50iRegisters.InterruptClear, 4, uint.MaxValue);
        silicon.Registers.Write(Sun50iRegisters.Reset, 4, 0);
        silicon.Registers.Write(Sun50iRegisters.Reset, 4, Sun50iRegisters.ReleaseAll);
        return null;
    }
}
