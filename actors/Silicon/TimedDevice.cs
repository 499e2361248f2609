using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;
using Emulator.Hardware.Devices;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Timing;

namespace Emulator.Actors.Silicon;

/// <summary>A device in a host's virtual time: its DMA engine, its workload's agents, and the batches in which its DMAs go to the isolation check and its actor.</summary>
internal sealed class TimedDevice
{
    private readonly EmulatedHost _host;
    private readonly TimedPlatform _platform;
    private readonly TimedDeviceRecord _record;
    private readonly IList<DeviceAgent> _ranks;
    private readonly Workload _workload;
    private readonly int _device;
    private readonly int _unit;
    private readonly Action<DmaBatch> _hand;
    private readonly Stack<DmaBatch> _empty = new();
    private readonly OperationCounts _operations;
    private IActorRef _actor = ActorRefs.Nobody;
    private TimelineAgent? _agent;
    private KernelDma? _dma;
    private DmaBatch? _batch;
    private string? _problem;
    private long _handed;
    private bool _told = true;

    public TimedDevice(EmulatedHost host, TimedPlatform platform, int device, DeviceTiming timing, TimedDeviceRecord record, IList<DeviceAgent> ranks, Action<DmaBatch> hand)
    {
        (_host, _platform, _device, _record, _ranks, _hand) = (host, platform, device, record, ranks, hand);
        _workload = host.Specification.WorkloadOf(device);
        _operations = new OperationCounts(latency => record.Operations.Record(latency / VirtualTime.Nanosecond));
        var binding = host.Devices[device].Streams[0];
        _unit = binding.Unit;
        var port = new DmaPort(host.Platform.Bus.Units[_unit], platform.TimerOf(_unit), new RequestTimer(timing));
        Engine = new DmaEngine(port, binding.Stream, HandOver);
    }

    public DmaEngine Engine { get; }

    /// <summary>Whether it has nothing left to send.</summary>
    public bool HasEnded { get; private set; } = true;

    /// <summary>Begins the workload, unless one is going on.</summary>
    /// <param name="actor">The device's actor.</param>
    public void Begin(IActorRef actor)
    {
        if (!HasEnded)
            return;
        _actor = actor;
        (_handed, _told) = (0, false);
        HasEnded = _workload is { Program: null, TotalDmas: 0 };
        if (HasEnded)
            return;
        if (_workload.Program is { } program)
            Begin(program);
        else
            _platform.Timeline.Add(_agent = Access(), _platform.Timeline.Now);
    }

    /// <summary>Sends no more.</summary>
    /// <param name="problem">Why it can't go on; null when it was told to stop.</param>
    public void Stop(string? problem = null)
    {
        if (_agent != null && !HasEnded)
            _platform.Timeline.Silence(_agent);
        _problem ??= problem;
        HasEnded = true;
    }

    /// <summary>Tells the device's actor, once, that it has ended.</summary>
    public void TellIfEnded()
    {
        if (_told || !HasEnded)
            return;
        _told = true;
        Engine.Flush();
        _actor.Tell(new TimedMessages.Ended(_handed));
    }

    /// <summary>What it did.</summary>
    /// <param name="began">When the workloads began.</param>
    public TimedDeviceReport Report(long began) =>
        new(_host.Devices[_device].Name, Engine.Sent, Engine.Bytes, Math.Max(0, Engine.LastDone - began), _record.Latencies) { Problem = _problem, Program = ReportProgram(began) };

    public void Return(DmaBatch batch) => _empty.Push(batch);

    private AccessAgent Access() => new(
        Engine,
        _host.Layout.IovaBase,
        _host.Specification.BufferSize,
        _workload.Length,
        _workload.ReadShare,
        _workload.Pattern == AccessPattern.Sequential,
        _workload.TotalDmas,
        _workload.Seed + (ulong)_device + 1,
        _ => HasEnded = true);

    // Once in a host's life: what it maps stays mapped.
    private void Begin(DeviceProgram program)
    {
        if (_dma != null)
        {
            Stop("a program runs once");
            return;
        }

        try
        {
            var group = _device / _host.Specification.GroupSize;
            var domain = _host.Driver.Core!.Groups[group].Group.Domain ?? throw new ArgumentException("the kernel has no default domain for the device");
            if (_workload.DmaMode == DmaMode.PassThrough && domain.Type != DomainType.Identity)
                throw new ArgumentException($"the driver has no identity domain to pass DMA through: the default domain is of type {domain.Type}");
            _dma = new KernelDma(_platform, domain, new DmaMappingOptions { Mode = _workload.DmaMode, Cpus = program.Cpus }, Engine);
            var share = _host.Specification.BufferSize / (ulong)_host.Devices.Count & ~(_dma.PageSize - 1);
            var memory = new BufferPool(_host.TenantMemory(0) + ((ulong)_device * share), share, _dma.PageSize);
            _agent = program.Create(new DeviceContext(_platform, Engine, _dma, memory, _workload.Seed + (ulong)_device + 1, _operations, _ranks, () => HasEnded = true));
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or DriverException)
        {
            Stop(error.Message);
        }
    }

    private ProgramReport? ReportProgram(long began)
    {
        if (_workload.Program is not { } program || _dma is not { Mapping: { Counts: var counts, Queue: var queue } })
            return null;
        return new ProgramReport
        {
            Kind = program.Kind,
            Operation = program.Operation,
            Mode = _workload.DmaMode,
            Operations = _operations.Operations,
            Bytes = _operations.Bytes,
            Dropped = _operations.Dropped,
            Elapsed = Math.Max(0, _operations.Last - began),
            Latencies = _record.Operations,
            Maps = counts.IommuMaps,
            Unmaps = counts.IommuUnmaps,
            Syncs = counts.Syncs,
            Flushes = counts.Flushes,
            MapTime = _dma.MapTime,
            UnmapTime = _dma.UnmapTime,
            InvalidationTime = _dma.InvalidationTime,
            Exposed = queue == null ? 0 : queue.Flushed + queue.Exposed,
            LongestExposure = queue?.LongestExposurePs ?? 0,
            TotalExposure = queue?.TotalExposurePs ?? 0,
            MostExposedDmas = _dma.MostExposedDmas,
            ExposedDmas = _dma.ExposedDmas,
        };
    }

    private void HandOver(DmaEngine engine)
    {
        if (_batch is { } batch)
        {
            batch.Count = engine.Count;
            batch.SentUnder = _host.Tenures[batch.Group].Epoch;
            _handed++;
            _hand(batch);
        }

        _batch = _empty.TryPop(out var empty)
            ? empty
            : new DmaBatch(_actor, _device, _device / _host.Specification.GroupSize, _unit, DmaBatch.Capacity) { Latencies = new int[DmaBatch.Capacity] };
        engine.Record(_batch.Requests, _batch.Completions, _batch.Latencies);
    }
}
