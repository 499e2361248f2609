using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Host;

/// <summary>
/// The emulated host of a replay: the trace's devices and groups behind one IOMMU, its domains, and our driver, which is made to do what the
/// trace says the kernel's did.
/// </summary>
public sealed class ReplayHost : IDisposable
{
    /// <summary>Streams of devices that have no PCI address go downwards from here.</summary>
    public const uint FirstUnnamedStream = 0xffff;

    /// <summary>Domains that are assumed for devices attached before the trace begins.</summary>
    public const int MaxEarlierDomains = 64;

    private readonly Platform _platform;
    private readonly IIommuDriver _driver;
    private readonly bool _comparesSizes;
    private readonly TraceScan? _scan;
    private readonly Dictionary<string, ReplayDevice> _devices = new(StringComparer.Ordinal);
    private readonly Dictionary<uint, ReplayDevice> _streams = [];
    private readonly Dictionary<ulong, ReplayDomain> _domains = [];
    private readonly PendingSyncs _pending;
    private readonly Dictionary<ulong, ReplayDomain> _lastMapped = [];
    private readonly List<ReplayDomain> _attached = [];

    // A device that joins a group which has a domain is attached before the tracepoint says that it joined (6.1 iommu_group_add_device).
    private readonly Dictionary<string, ReplayDomain?> _early = new(StringComparer.Ordinal);
    private DomainType? _lastType;
    private uint _unnamedStreams;
    private int _earlierGroups;
    private ReplayDevice? _earlierDevice;

    /// <summary>Makes a host and brings its IOMMU up.</summary>
    /// <param name="platform">The platform; the host disposes it.</param>
    /// <param name="comparesSizes">Whether an unmap must remove as much as in the trace: not when it is of another IOMMU, whose pages have other sizes.</param>
    /// <param name="scan">What a first reading of the trace told; null when it tells everything from the boot on.</param>
    public ReplayHost(Platform platform, bool comparesSizes = true, TraceScan? scan = null)
    {
        ArgumentNullException.ThrowIfNull(platform);
        _comparesSizes = comparesSizes;
        _scan = scan;
        _platform = platform;
        _driver = platform.Driver;
        _pending = new PendingSyncs(Assumptions, (domain, gather) => Run(() => _driver.Sync(domain.Domain, gather), "sync"));
        Run(() => _driver.Probe(), "probe");
    }

    /// <summary>The silicon.</summary>
    public IIommu Silicon => _platform.Bus.Units[0];

    /// <summary>What was assumed so far.</summary>
    public Assumptions Assumptions { get; } = new();

    /// <summary>Calls that our driver refused or answered otherwise than the traced one, the first ones in words.</summary>
    public ProblemList Problems { get; } = new();

    /// <summary>Whether events were lost, the trace begins on a running machine, or maps went to a domain that was guessed among several: what does not fit then proves nothing.</summary>
    public bool IsGuessing => HasGaps || Assumptions.GuessedDomains > 0 || Assumptions.EarlierDomains > 0 || Assumptions.EarlierDevices > 0;

    /// <summary>The device that owns a stream, or null.</summary>
    public ReplayDevice? FindDevice(StreamId stream) => _streams.GetValueOrDefault(stream.Value);

    /// <summary>Lets the fault interrupt's handler run, when the interrupt is asserted.</summary>
    public void HandleInterrupt()
    {
        if (Silicon.InterruptAsserted)
            Run(() => _driver.HandleInterrupt(), "interrupt");
    }

    /// <summary>Does what an event says.</summary>
    /// <returns>What it may have changed.</returns>
    public HostChange Apply(in TraceEvent e)
    {
        var flow = _pending.Flow(e.Flow);
        var implied = flow.ImpliedSync != null || (_pending.HasImplied && e.Kind is TraceEventKind.Mapped or TraceEventKind.Attached) ? SyncImplied() : HostChange.None;
        switch (e.Kind)
        {
            case TraceEventKind.AddDevice:
                AddDevice(e.Device!, e.Group);
                return HostChange.Everything;
            case TraceEventKind.RemoveDevice:
                RemoveDevice(e.Device!);
                return HostChange.Everything;
            case TraceEventKind.DomainAllocating:
                _lastType = flow.AllocatedType = e.DomainType;
                break;
            case TraceEventKind.DomainAllocated when e.Domain != 0:
                Forget(e.Domain);
                Find(e.Domain, flow);
                break;
            case TraceEventKind.DomainFreed:
                Forget(e.Domain);
                return HostChange.Everything;
            case TraceEventKind.Attaching:
                (flow.AttachingDomain, flow.AttachingDevice) = (e.Domain, e.Device);
                break;
            case TraceEventKind.Attached:
                Attach(e.Device!, flow);
                return HostChange.Everything;
            case TraceEventKind.Detached:
                Detach(e.Device!);
                return HostChange.Everything;
            case TraceEventKind.DmaApi:
                flow.DmaDevice = e.Device;
                break;
            case TraceEventKind.Mapping or TraceEventKind.Unmapping:
                flow.Begin(new DriverCall(e.Kind == TraceEventKind.Mapping, e.Iova, e.Domain, e.Protection));
                break;
            case TraceEventKind.Mapped:
                Map(e, flow);
                return Range(e);
            case TraceEventKind.Unmapped:
                Unmap(e, flow);
                return implied == HostChange.None ? Range(e) : implied;
            case TraceEventKind.Syncing when Find(e.Domain, flow) is { } domain && _pending.Sync(domain, flow):
                return HostChange.Everything;
            case TraceEventKind.Flushing when _domains.TryGetValue(e.Domain, out var flushed) && flushed.WasAttached:
                Flush(flushed);
                return HostChange.Everything;
        }

        return implied;
    }

    /// <summary>Ends the replay: what no later event of a flow set off is done.</summary>
    public void Finish() => SyncImplied();

    /// <inheritdoc/>
    public void Dispose() => _platform.Dispose();

    private bool HasGaps => _scan is { LostNotices: > 0 };

    private static HostChange Range(in TraceEvent e) => new(e.Iova, e.Iova + e.Size - 1);

    // A device that shares its group with a device of another bus sits behind a bridge. A PCIe-to-PCI bridge sends the requests of what is behind
    // it under its secondary bus number and function 0 (Linux drivers/pci/search.c, pci_for_each_dma_alias).
    private void AddDevice(string name, int group)
    {
        if (_devices.ContainsKey(name))
            return;
        if (!PciName.TryParse(name, out var stream) || _streams.ContainsKey(stream.Value))
        {
            stream = new StreamId(FirstUnnamedStream - _unnamedStreams++);
            Assumptions.Streams++;
        }

        var streams = new List<StreamBinding> { new(0, stream) };
        var alias = StreamId.Pci(stream.Bus, 0, 0);
        if (!_streams.ContainsKey(alias.Value) && alias != stream && _devices.Values.Any(other => other.Group == group && other.Device.Stream.Bus != stream.Bus))
            streams.Add(new StreamBinding(0, alias));
        var device = new ReplayDevice(new DmaDevice(name, streams), group);
        if (!Run(() => _driver.ProbeDevice(device.Device), $"probe of {name}"))
            return;
        _devices.Add(name, device);
        foreach (var binding in streams)
            _streams[binding.Stream.Value] = device;
        if (_early.Remove(name, out var domain))
            Attach(device, domain ?? AssumeDomain(device));
    }

    private void RemoveDevice(string name)
    {
        if (!_devices.Remove(name, out var device))
            return;
        Run(() => _driver.ReleaseDevice(device.Device), $"release of {name}");
        foreach (var binding in device.Device.Streams)
            _streams.Remove(binding.Stream.Value);
    }

    private ReplayDomain? Find(ulong address, ExecutionFlow flow)
    {
        if (_domains.TryGetValue(address, out var domain))
            return domain;
        var type = flow.AllocatedType ?? _lastType;
        flow.AllocatedType = _lastType = null;
        domain = Allocate(address, type);
        if (domain != null)
            _domains.Add(address, domain);
        return domain;
    }

    private ReplayDomain? Allocate(ulong address, DomainType? type)
    {
        if (type == null)
            Assumptions.Types++;
        try
        {
            return new ReplayDomain(address, _driver.AllocateDomain(type ?? DomainType.Dma), type != null);
        }
        catch (DriverException e)
        {
            Problems.Add($"domain of type {type}: {e.Message}");
            return null;
        }
    }

    private void Forget(ulong address)
    {
        if (!_domains.Remove(address, out var domain))
            return;
        if (_devices.Values.FirstOrDefault(device => device.Domain == domain) is not { } user)
            Free(domain);
        else if (HasGaps)
            Assumptions.Misfits++;
        else
            Problems.Add($"the domain of {user.Device.Name} is freed while it is attached");
    }

    private void Free(ReplayDomain domain)
    {
        SyncImplied();
        _pending.Forget(domain);
        foreach (var iova in _lastMapped.Where(last => last.Value == domain).Select(last => last.Key).ToList())
            _lastMapped.Remove(iova);
        if (domain.WasAttached && !domain.Queue.IsEmpty)
            Flush(domain);
        _attached.Remove(domain);
        Run(() => _driver.FreeDomain(domain.Domain), "free");
    }

    private void Attach(string name, ExecutionFlow flow)
    {
        var known = flow.AttachingDevice == name;
        flow.AttachingDevice = null;
        var domain = known ? Find(flow.AttachingDomain, flow) : null;
        if (!_devices.ContainsKey(name) && _scan?.Added.Contains(name) == false)
        {
            Assumptions.EarlierDevices++;
            AddDevice(name, --_earlierGroups);
        }

        if (_devices.TryGetValue(name, out var device))
            Attach(device, known ? domain : AssumeDomain(device));
        else
            _early[name] = domain;
    }

    private void Attach(ReplayDevice device, ReplayDomain? domain)
    {
        var left = device.Domain;
        if (domain == null || !Finalise(domain, device.Device) || !Run(() => _driver.Attach(domain.Domain, device.Device), $"attach of {device.Device.Name}"))
            return;
        device.Domain = domain;
        domain.WasAttached = true;
        _attached.Remove(domain);
        _attached.Add(domain);
        if (left is { Address: 0 } && left != domain && !_devices.Values.Any(other => other.Domain == left))
            Free(left);
    }

    // The devices of a group are attached one after the other; one that has a domain already is the first of the next round.
    private ReplayDomain? AssumeDomain(ReplayDevice device)
    {
        Assumptions.AttachedDomains++;
        var others = _devices.Values.Where(other => other.Group == device.Group && other != device && other.Domain != null).Select(other => other.Domain!);
        var joined = others.FirstOrDefault(domain => domain != device.Domain && _attached.IndexOf(domain) > (device.Domain == null ? -1 : _attached.IndexOf(device.Domain)));
        return joined ?? Allocate(0, type: null);
    }

    private void Detach(string name)
    {
        if (!_devices.TryGetValue(name, out var device) || device.Domain is not { } domain)
            return;
        Run(() => _driver.Detach(domain.Domain, device.Device), $"detach of {name}");
        device.Domain = null;
    }

    private bool Finalise(ReplayDomain domain, DmaDevice device)
    {
        try
        {
            _driver.Finalise(domain.Domain, device);
            return true;
        }
        catch (DriverException e)
        {
            Problems.Add($"domain for {device.Name}: {e.Message}");
            return false;
        }
    }

    private void Map(in TraceEvent e, ExecutionFlow flow)
    {
        var known = flow.TryTake(isMap: true, e.Iova, e.Size, out var call);
        var domain = known ? Find(call.Domain, flow) : AssumeMapped(e, flow);
        if (!known)
            Assumptions.Protections++;
        if (domain is not { Domain.IsPaging: true } || (domain.Domain.PageTable == null && !Finalise(domain, (_devices.Values.FirstOrDefault() ?? EarlierDevice).Device)))
        {
            Problems.Add($"map of 0x{e.Iova:x} without a domain that can be mapped");
            return;
        }

        // An address is not given out again before the flush that it waits for: that flush was, though no kprobe tells it.
        if (domain.Awaits(e.Iova, e.Size))
        {
            Assumptions.Flushes++;
            Flush(domain);
        }

        _pending.SyncBefore(domain, e.Iova, e.Size);
        var (iova, physical, size) = (e.Iova, e.Physical, e.Size);
        var protection = known ? call.Protection : Protection.Read | Protection.Write;
        var error = Attempt(() => _driver.Map(domain.Domain, iova, physical, size, protection));
        if (error != null && !Tells(domain, known))
        {
            // What is in the way was unmapped by an event that is missing.
            Assumptions.Misfits++;
            Clear(domain, iova, size);
            Attempt(() => _driver.Map(domain.Domain, iova, physical, size, protection));
        }
        else if (error != null)
        {
            Problems.Add($"map of 0x{iova:x}: {error}");
        }

        _lastMapped[e.Iova] = domain;
    }

    private ReplayDomain? AssumeMapped(in TraceEvent e, ExecutionFlow flow)
    {
        Assumptions.MappedDomains++;
        var (iova, size) = (e.Iova, e.Size);
        if (flow.DmaDevice != null && _devices.TryGetValue(flow.DmaDevice, out var device) && device.Domain is { } own && own.HasRoom(iova, size))
            return own;
        if (_attached.Count(domain => domain.Domain.IsPaging) > 1)
            Assumptions.GuessedDomains++;
        return _attached.FindLast(domain => domain.HasRoom(iova, size)) ?? EarlierDomain() ?? _attached.LastOrDefault();
    }

    // Stands for the devices whose attach was before the trace begins.
    private ReplayDevice EarlierDevice => _earlierDevice ??= MakeEarlierDevice();

    private ReplayDevice MakeEarlierDevice()
    {
        var device = new DmaDevice("(attached before the trace begins)", [new StreamBinding(0, new StreamId(FirstUnnamedStream - _unnamedStreams++))]);
        Run(() => _driver.ProbeDevice(device), "probe");
        return new ReplayDevice(device, --_earlierGroups);
    }

    private ReplayDomain? EarlierDomain()
    {
        if (Assumptions.EarlierDomains == MaxEarlierDomains)
            return null;
        Assumptions.EarlierDomains++;
        if (Allocate(0, type: null) is not { } domain)
            return null;
        Attach(MakeEarlierDevice(), domain);

        // What fits a domain of the trace goes there.
        _attached.Remove(domain);
        _attached.Insert(0, domain);
        return domain;
    }

    // Whether the trace tells everything about a domain: then a call that does not fit it is our driver's difference.
    private bool Tells(ReplayDomain domain, bool known) => !HasGaps && (known ? domain.TypeIsKnown : !IsGuessing);

    private void Clear(ReplayDomain domain, ulong iova, ulong size)
    {
        var gather = new InvalidationGather();
        try
        {
            for (var at = iova; at - iova < size;)
                at += Math.Max(PhysicalMemory.FrameSize, domain.Lookup(at) == null ? 0 : DomainPaging.Unmap(domain.Domain.PageTable!, at, size - (at - iova), gather));
        }
        catch (Exception e) when (e is DriverException or KernelBugException)
        {
            Problems.Add($"unmap of 0x{iova:x}: {e.Message}");
        }

        if (domain.WasAttached)
            Run(() => _driver.Sync(domain.Domain, gather), "sync");
    }

    private void Unmap(in TraceEvent e, ExecutionFlow flow)
    {
        var known = flow.TryTake(isMap: false, e.Iova, e.Size, out var call);
        var domain = known ? Find(call.Domain, flow) : AssumeUnmapped(e, flow);
        _lastMapped.Remove(e.Iova);
        if (domain is not { Domain.PageTable: { } table })
        {
            // It unmapped nothing there either, or what was mapped before the trace begins.
            if (e.Unmapped != 0)
                Assumptions.Misfits++;
            return;
        }

        var queued = domain.Domain.Type == DomainType.DmaFlushQueue;
        var gather = queued ? domain.Queue : PendingSyncs.Gather(domain, flow);
        var unmapped = 0UL;
        try
        {
            unmapped = DomainPaging.Unmap(table, e.Iova, e.Size, gather);
        }
        catch (Exception error) when (error is DriverException or KernelBugException)
        {
            // The kernel only warns where nothing is mapped.
            if (e.Unmapped != 0)
                Misfit($"unmap of 0x{e.Iova:x}: {error.Message}", domain, known);
            return;
        }

        if (_comparesSizes && unmapped != e.Unmapped)
            Misfit($"unmap of 0x{e.Iova:x}: 0x{unmapped:x} bytes, the traced driver unmapped 0x{e.Unmapped:x}", domain, known);
        if (queued)
            domain.Enqueue(e.Iova, e.Size);
        if (known || queued)
            return;
        _pending.Imply(domain, flow);
    }

    private void Misfit(string problem, ReplayDomain domain, bool known)
    {
        if (Tells(domain, known))
            Problems.Add(problem);
        else
            Assumptions.Misfits++;
    }

    private ReplayDomain? AssumeUnmapped(in TraceEvent e, ExecutionFlow flow)
    {
        Assumptions.Unmaps++;
        var (iova, size) = (e.Iova, e.Unmapped);
        if (size == 0)
            return null;
        if (_lastMapped.TryGetValue(iova, out var last) && last.Maps(iova, size))
            return last;
        if (flow.DmaDevice != null && _devices.TryGetValue(flow.DmaDevice, out var device) && device.Domain is { } own && own.Maps(iova, size))
            return own;
        return _attached.FindLast(domain => domain.Maps(iova, size));
    }

    private HostChange SyncImplied()
    {
        _pending.SyncImplied();
        return HostChange.Everything;
    }

    private void Flush(ReplayDomain domain)
    {
        Run(() => _driver.FlushAll(domain.Domain), "flush");
        domain.Flushed();
    }

    private bool Run(Func<IEnumerable<DriverStep>> sequence, string what)
    {
        var error = Attempt(sequence);
        if (error != null)
            Problems.Add($"{what}: {error}");
        return error == null;
    }

    private string? Attempt(Func<IEnumerable<DriverStep>> sequence)
    {
        try
        {
            var result = _platform.Bus.Run(sequence());
            return result >= 0 ? null : $"{(Errno)(-result)}";
        }
        catch (Exception e) when (e is DriverException or KernelBugException)
        {
            return e.Message;
        }
    }
}
