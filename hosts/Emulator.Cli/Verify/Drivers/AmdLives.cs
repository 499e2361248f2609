using System.Text.Json;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus.AmdVi;
using Emulator.Hardware.Memory;

namespace Emulator.Cli.Verify.Drivers;

/// <summary>
/// Lives of the AMD driver: device table words and commands. The record has no bring-up and no page tables: the silicon is enabled beforehand, domains
/// have the roots that the record names.
/// </summary>
public sealed class AmdLives : IFrameAllocator
{
    private const ushort LastDevice = 63;
    private const int QueueDepth = 16;

    // Where the command buffer and the event log go: far above all recorded addresses.
    private const ulong Rings = 1UL << 50;
    private const ulong RingBytes = 8192;

    private readonly Queue<ulong> _blocks = new();
    private readonly Dictionary<string, RecordedAmdDomain> _domains = new(StringComparer.Ordinal);
    private readonly RecordedLife _life;
    private readonly JsonElement _parameters;
    private readonly ulong _deviceTable;
    private readonly AmdViDriver _driver;
    private ushort _lastInvalidated;
    private ulong _queued;

    private AmdLives(JsonElement vector, VectorRun run, RecordedLife life)
    {
        _life = life;
        _parameters = vector.GetProperty("params");
        _deviceTable = _parameters.Word("dev_table");
        foreach (var block in new[] { _parameters.Word("cmd_sem"), Rings, _deviceTable, Rings + RingBytes })
            _blocks.Enqueue(block);
        foreach (var domain in _parameters.GetProperty("domains").EnumerateObject())
            _domains[domain.Name] = new RecordedAmdDomain(domain.Name, domain.Value);
        var silicon = new AmdViIommu("amd-iommu", life.Memory, new AmdViIommuOptions());
        silicon.Registers.Write(AmdViRegisters.CommandBufferBase, 8, Rings | AmdViRegisters.RingOf512);
        silicon.Registers.Write(AmdViRegisters.Control, 8, (1UL << AmdViControl.CommandBuffer) | 1);
        life.Connect(new Bus(life.Memory, silicon));
        life.Frames.Preset(_deviceTable, PhysicalMemory.FrameSize);
        life.Interpret = Interpret;
        _driver = new AmdViDriver(life.Memory, this, KernelVersion.Linux61, new AmdViDriverOptions
        {
            LastDeviceId = LastDevice,
            Snp = _parameters.Flag("snp"),
            InterruptRemapping = false,
            Features = _parameters.Flag("ephsup") ? AmdViFeatures.Default : default,
        });
    }

    /// <summary>Runs one life.</summary>
    public static void Run(JsonElement vector, VectorRun run)
    {
        using var life = new RecordedLife(vector, run);
        life.Run(new AmdLives(vector, run, life).Perform);
    }

    /// <inheritdoc/>
    public ulong Allocate(ulong bytes) => _blocks.Dequeue();

    /// <inheritdoc/>
    public void Free(ulong address, ulong bytes) => throw new InvalidOperationException($"0x{address:x} is kept for the driver's life");

    private void Perform(JsonElement step)
    {
        var args = step.GetProperty("args");
        switch (step.Text("step"))
        {
            case "init_device_table":
                _life.Perform(_driver.InitialiseDeviceTable());
                break;
            case "set_dev_entry_bit":
                _life.Perform(_driver.SetDeviceTableBit(new StreamId((uint)args.Word("devid")), (int)args.Word("bit")));
                break;
            case "preset_dte":
                foreach (var word in step.Items("mem"))
                    _life.Memory.Write64(word[0].Word(), word[1].Word());
                break;
            case "attach":
                // The recording switches ATS itself, before the attach.
                var device = Device(args, args.Flag("ats"));
                _driver.SetAts(device, args.Flag("ats"));
                _life.CheckResult(step, _life.Perform(_driver.Attach(_domains[args.Text("domain")], device)));
                break;
            case "detach":
                _life.CheckResult(step, _life.Perform(_driver.Detach(_domains["A"], Device(args, ats: false))));
                break;
            case "update_device_table":
                _domains[args.Text("domain")].Grow((int)args.Word("mode"));
                _life.Perform(_driver.UpdateDeviceTable(_domains[args.Text("domain")]));
                break;
            default:
                throw new FormatException($"unknown step {step.Text("step")}");
        }
    }

    private DmaDevice Device(JsonElement args, bool ats)
    {
        var name = args.Text("dev");
        var streams = new List<StreamBinding> { new(0, new StreamId((uint)_parameters.Word($"devid_{name}"))) };
        if (_parameters.OptionalWord("alias_dev0") is { } alias)
            streams.Add(new StreamBinding(0, new StreamId((uint)alias)));
        return new DmaDevice(name, streams) { AtsSupported = ats, AtsQueueDepth = QueueDepth, PriSupported = _parameters.Flag("iommu_v2") };
    }

    // A command is recorded when the tail moves past it; its words lie in the command buffer by then. Of dev1 the recording copies the entry to dev0's alias, too,
    // but it does not record an invalidation of that copy.
    private IReadOnlyList<RecordedOperation>? Interpret(DriverStep step)
    {
        if (step.Kind != DriverStepKind.WriteRegister || step.Address != AmdViRegisters.CommandTail)
            return null;
        var command = new AmdViCommand(_life.Memory.Read64(Rings + _queued), _life.Memory.Read64(Rings + _queued + 8));
        _queued = step.Value;
        var invalidation = command.Kind == AmdViCommandKind.InvalidateDeviceTableEntry;
        var ofCopy = invalidation && command.DeviceId == _parameters.OptionalWord("alias_dev0") && _lastInvalidated == _parameters.Word("devid_dev1");
        _lastInvalidated = invalidation ? command.DeviceId : (ushort)0;
        return ofCopy ? [] : [RecordedOperation.Of("cmd", (uint)command.Word0, command.Word0 >> 32, (uint)command.Word1, command.Word1 >> 32)];
    }
}
