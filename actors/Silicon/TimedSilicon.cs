using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosts;
using Emulator.Actors.Timing;
using Emulator.Hardware.Devices;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Timing;

namespace Emulator.Actors.Silicon;

/// <summary>
/// The virtual time of a host. It stands still unless somebody asks for it to go on, or a driver's steps take some: so the same requests, one after the other, lead to the same on every run, whatever
/// the threads do meanwhile. Used by the translation actor, which it outlives.
/// </summary>
internal sealed class TimedSilicon
{
    // Virtual time goes on in slices of about so many DMAs: between two of them interrupts are served and figures given. How long a slice is follows from the one before.
    private const long SliceDmas = 2048;
    private const long FirstSlice = 10_000 * VirtualTime.Nanosecond;
    private const long ShortestSlice = 100 * VirtualTime.Nanosecond;
    private const long LongestSlice = 10 * VirtualTime.Millisecond;
    private const int OutstandingAtLeast = 64;

    private readonly EmulatedHost _host;
    private readonly TimedDevice[] _devices;
    private long _slice = FirstSlice;
    private int _outstanding;
    private long _began;
    private TimedMessages.Advance? _advance;
    private IActorRef _advanceFor = ActorRefs.Nobody;

    public TimedSilicon(EmulatedHost host, HostTiming timing)
    {
        _host = host;
        Platform = new TimedPlatform(host.Platform, timing.Iommu);
        List<DeviceAgent> ranks = [];
        Records = [.. host.Devices.Select(_ => new TimedDeviceRecord())];
        _devices = [.. host.Devices.Select((_, device) => new TimedDevice(host, Platform, device, timing.Device, Records[device], ranks, Hand))];
    }

    public TimedPlatform Platform { get; }

    /// <summary>Writers: the devices' actors.</summary>
    public IReadOnlyList<TimedDeviceRecord> Records { get; }

    /// <summary>The host's clock: <see cref="Platform"/>'s time when somebody was last told something.</summary>
    public VirtualClock Clock { get; } = new();

    /// <summary>Given batches that the silicon has answered. The translation actor's that is alive.</summary>
    public Action<DmaBatch>? Answer { get; set; }

    /// <summary>Whether somebody has asked for time to go on. Interrupts are served only then, or while a group waits for held DMA: a change of owner, which is a chain of messages between actors,
    /// would else meet them as the threads have it.</summary>
    public bool IsAdvancing => _advance != null;

    /// <summary>Whether the translation actor has been told to continue and has not got to it yet: one such message is enough.</summary>
    public bool IsToldToContinue { get; set; }

    private long Sent => _devices.Sum(device => device.Engine.Sent);

    private bool IsFinished => Array.TrueForAll(_devices, device => device.HasEnded);

    /// <summary>What the devices did; when all have ended.</summary>
    public TimedReport Report() => new(
        _host.Specification.Name,
        _devices.Max(device => Math.Max(0, device.Engine.LastDone - _began)),
        Platform.WalkerWait,
        Platform.Invalidations,
        Platform.InvalidationTime,
        Platform.QueueWait,
        [.. _devices.Select(device => device.Report(_began))]);

    /// <summary>The devices begin their workloads; those that have not ended go on with theirs.</summary>
    public void Begin(TimedMessages.Begin begin)
    {
        if (IsFinished)
            _began = Platform.Timeline.Now;
        for (var device = 0; device < _devices.Length; device++)
            _devices[device].Begin(begin.Devices[device]);
        EndDevices();
    }

    /// <summary>A device sends no more.</summary>
    public void End(TimedMessages.End end)
    {
        _devices[end.Device].Stop();
        EndDevices();
    }

    /// <summary>A batch is back.</summary>
    public void Return(DmaBatch batch)
    {
        _outstanding--;
        _devices[batch.Device].Return(batch);
    }

    /// <summary>Somebody asks for time to go on.</summary>
    public void Ask(TimedMessages.Advance advance, IActorRef sender)
    {
        if (_advance != null)
            sender.Tell(new Status.Failure(new InvalidOperationException($"host {_host.Specification.Name}: its virtual time is going on already")));
        else
            (_advance, _advanceFor) = (advance, sender);
    }

    /// <summary>Lets time go on for a slice, if somebody has asked for it and all batches are not under way.</summary>
    /// <param name="self">The translation actor: told to continue.</param>
    public void Continue(IActorRef self)
    {
        if (_advance is not { } advance || IsToldToContinue || _outstanding > Math.Max(OutstandingAtLeast, _devices.Length))
            return;
        var (timeline, before) = (Platform.Timeline, Sent);
        if (IsFinished || timeline.Now >= advance.Until || before >= advance.Dmas || timeline.NextAct == VirtualTime.Never)
        {
            _advance = null;
            Flush();
            _advanceFor.Tell(new TimedMessages.Advanced(_host.Specification.Name, timeline.Now, before, IsFinished));
            return;
        }

        // Where nobody acts there is nothing to cut in slices.
        var from = Math.Max(timeline.Now, Math.Min(timeline.NextAct, advance.Until));
        Advance(Math.Min(advance.Until, from + _slice));
        _slice = Math.Clamp(_slice * SliceDmas / Math.Max(1, Sent - before), ShortestSlice, LongestSlice);
        IsToldToContinue = true;
        self.Tell(TimedMessages.Continue.Instance, ActorRefs.NoSender);
    }

    /// <summary>A driver performs a step: what the devices send while it takes place goes through the silicon after it.</summary>
    public void Perform(DriverStep step) => Pass(Platform.CostOf(step));

    /// <summary>Lets some time pass.</summary>
    /// <param name="time">In picoseconds.</param>
    public void Pass(long time) => Advance(Platform.Timeline.Now + time);

    /// <summary>Hands over what the devices have sent so far: before anything that may change who owns what, or that somebody is told.</summary>
    public void Flush()
    {
        Clock.Now = Platform.Timeline.Now;
        foreach (var device in _devices)
            device.Engine.Flush();
    }

    // A device's driver that can't go on, as one that gets no memory mapped, ends the workloads: what comes after is not what was asked for.
    private void Advance(long until)
    {
        try
        {
            Platform.Timeline.AdvanceTo(until);
        }
        catch (InvalidOperationException error)
        {
            foreach (var device in _devices)
                device.Stop(error.Message);
        }

        EndDevices();
    }

    private void Hand(DmaBatch batch)
    {
        _outstanding++;
        Answer!(batch);
    }

    private void EndDevices()
    {
        foreach (var device in _devices)
            device.TellIfEnded();
    }
}
