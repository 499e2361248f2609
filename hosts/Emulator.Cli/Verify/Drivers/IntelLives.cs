using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.IntelVtd;
using Emulator.Hardware.PageTables.Vtd;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>
/// Recorded lives of VT-d's driver. The record starts after bring-up and holds invalidation descriptors, without the waits behind them, and
/// calls of the write buffer flush in place of register accesses.
/// </summary>
public sealed class IntelLives : IDisposable
{
    private const ulong FaultRecordsAt220 = 0x22UL << 24;
    private const ulong RequiresWriteBufferFlush = 1UL << 4;
    private const ulong IotlbAtF0 = 0xfUL << 8;

    private readonly JsonElement _vector;
    private readonly VectorRun _run;
    private readonly RecordedLife _life;
    private readonly PresetFrames _frames;
    private readonly IntelVtdDriver _driver;
    private readonly Dictionary<string, DmaDevice> _devices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IntelVtdDomain> _domains = new(StringComparer.Ordinal);
    private int _tail;

    private IntelLives(JsonElement vector, VectorRun run)
    {
        (_vector, _run) = (vector, run);
        _life = new RecordedLife(vector, run);
        _frames = new PresetFrames(_life.Frames);
        var parameters = vector.GetProperty("params");

        // The record logs every call of the flush, whether the unit needs it or not; ours always does. Register offsets are left zero in it.
        var capability = new VtdCapability(parameters.Word("cap") | RequiresWriteBufferFlush | FaultRecordsAt220);
        var extended = new VtdExtendedCapability(parameters.Word("ecap") | IotlbAtF0 | 2);
        var silicon = new IntelVtdIommu(_life.Memory, new IntelVtdOptions { Capability = capability, ExtendedCapability = extended }, new IotlbGeometry());
        var bus = new Bus(_life.Memory, silicon);
        _life.Connect(bus);
        _life.Interpret = Interpret;
        var scalable = vector.Text("variant") != "legacy";
        _driver = new IntelVtdDriver(_life.Memory, _frames, KernelVersion.Linux61, 1, new IntelVtdDriverOptions { ScalableMode = scalable });
        BringUp(bus, parameters, scalable);
    }

    /// <summary>Runs one life.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var lives = new IntelLives(vector, run);
        lives._life.Run(lives.Perform);
    }

    /// <inheritdoc/>
    public void Dispose() => _life.Dispose();

    private void BringUp(Bus bus, JsonElement parameters, bool scalable)
    {
        var root = parameters.Word("root");
        _frames.Give(root);
        bus.Run(_driver.Probe());
        var unit = _driver.Units[0];

        // The recorded driver never turned translation on, so it left device TLBs alone.
        unit.Command &= ~IntelVtdRegisters.TranslationEnable;
        unit.AddressWidth = (int)parameters.Word("agaw");
        unit.MaxAddressWidth = (int)parameters.Word("msagaw");
        _driver.PassesThrough = parameters.Flag("hw_pass_through");
        _tail = unit.QueueTail;
        var sources = parameters.Items("bdf").Select(item => item.Word()).ToArray();
        for (var i = 0; i < sources.Length; i++)
        {
            List<StreamBinding> streams = [new(0, new StreamId((uint)sources[i]))];
            if (i == 0 && parameters.OptionalWord("dma_alias_dev0") is { } alias)
                streams.Add(new StreamBinding(0, new StreamId((uint)alias)));
            var device = new DmaDevice($"dev{i}", streams)
            {
                AtsSupported = parameters.Flag("ats_supported"),
                PriSupported = parameters.Flag("pri_supported"),
                PasidBits = parameters.Flag("pasid_supported") ? 15 : 0,
            };
            _devices.Add(device.Name, device);

            // The PASID directories follow the root table in the record's memory.
            if (scalable)
                _frames.Give(root + (0x1000UL * (ulong)(i + 1)));
            bus.Run(_driver.ProbeDevice(device));
        }

        foreach (var property in parameters.GetProperty("domains").EnumerateObject())
            _domains.Add(property.Name, MakeDomain(property.Name, property.Value));
        _frames.Begin();
    }

    private IntelVtdDomain MakeDomain(string name, JsonElement parameters)
    {
        var domain = (IntelVtdDomain)_driver.AllocateDomain(name == "IDENTITY" ? DomainType.Identity : DomainType.Dma);
        _frames.Give(parameters.Word("pgd"));
        var levels = (int)parameters.Word("agaw") + 2;
        domain.Use(new VtdPageTable(_life.Memory, _frames, new VtdPageTableOptions
        {
            Kernel = KernelVersion.Linux61,
            FirstLevel = parameters.Flag("first_level"),
            Levels = levels,
            Width = VtdEntry.Shift(levels + 1),
        }));
        domain.ForceSnooping = parameters.Flag("force_snooping");
        return domain;
    }

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        var device = _devices[args.Text("dev")];
        var domain = _domains[args.Text("domain")];
        if (step.Text("step") == "detach")
        {
            _life.CheckResult(step, _life.Perform(_driver.Detach(domain, device)));
            return;
        }

        var result = _life.Perform(_driver.AttachUnprepared(domain, device));
        _driver.SetAtsEnabled(device, args.Flag("ats_enabled"));
        var expected = step.GetProperty("ret");
        _run.Check("rc", expected.GetProperty("rc").GetInt64(), result);
        _run.Check("did", (ushort)expected.Word("did"), domain.IdOn(_driver.Units[0]));
    }

    // Queue, status words and command register stand behind the record's entries; a tail write submits what is new in the queue.
    private IReadOnlyList<RecordedOperation>? Interpret(DriverStep step)
    {
        if (step.Kind != DriverStepKind.WriteRegister)
            return step.Kind == DriverStepKind.ReadRegister ? [] : null;
        if (step.Address == IntelVtdRegisters.GlobalCommand)
            return [RecordedOperation.Of("flush_write_buffer", 0, 0)];
        if (step.Address != IntelVtdRegisters.QueueTail)
            return null;
        var operations = new List<RecordedOperation>();
        var unit = _driver.Units[0];
        for (var head = _tail; head != unit.QueueTail; head = (head + 1) % VtdInvalidator.QueueLength)
        {
            var address = unit.Queue + ((ulong)head << unit.DescriptorShift);
            var descriptor = new VtdDescriptor(_life.Memory.Read64(address), _life.Memory.Read64(address + 8));
            if (descriptor.Type != VtdDescriptorType.Wait)
                operations.Add(RecordedOperation.Of("qi", descriptor.Word0, descriptor.Word1, 0, 0));
        }

        _tail = unit.QueueTail;
        return operations;
    }
}
