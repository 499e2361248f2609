using System.Globalization;
using System.Runtime.InteropServices;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Cli.Replay.Loads;

/// <summary>Plays the DMA API's calls of a trace on an emulated host: one device and one domain for each of the trace's, our driver and allocator in the kernel's
/// place.</summary>
public sealed class RecordedLoad : IDisposable
{
    private readonly RecordedDmaCalls _calls;
    private readonly RecordedLoadOptions _options;
    private readonly Platform _platform;
    private readonly DmaMapping[] _mappings;
    private readonly Dictionary<(int Domain, ulong Recorded), ulong> _addresses = [];
    private DmaSegment[] _segments = new DmaSegment[16];
    private string? _firstDifference;
    private long _equal;
    private long _steps;

    /// <summary>Builds the host and attaches its devices.</summary>
    /// <param name="calls">The load.</param>
    /// <param name="options">How it is played.</param>
    /// <exception cref="InvalidDataException">There is no such IOMMU.</exception>
    public RecordedLoad(RecordedDmaCalls calls, RecordedLoadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(calls);
        (_calls, _options) = (calls, options ?? new RecordedLoadOptions());
        var iommu = _options.Iommu ?? calls.Iommu ?? "intel";
        var room = IommuCatalog.Find(iommu) ?? throw new InvalidDataException($"there is no IOMMU '{iommu}'");
        _platform = room.Create(new PlatformOptions { Kernel = _options.Kernel, Devices = Math.Max(1, calls.Domains) });
        _platform.Bus.Observer = _ => _steps++;
        Run(_platform.Driver.Probe());
        _mappings = [.. Enumerable.Range(0, calls.Domains).Select(index => Open(index, iommu))];
    }

    /// <summary>The host.</summary>
    public Platform Platform => _platform;

    /// <summary>The calls played so far.</summary>
    public int Position { get; private set; }

    /// <summary>The DMA API of a domain.</summary>
    /// <param name="domain">Its index in the load.</param>
    public DmaMapping Mapping(int domain) => _mappings[domain];

    /// <summary>The device that stands for a domain's.</summary>
    /// <param name="domain">Its index in the load.</param>
    public DmaDevice Device(int domain) => _platform.Device(domain);

    /// <summary>Our address for a recorded one that is mapped; null for one that is not.</summary>
    public ulong? Translate(int domain, ulong recorded) => _addresses.TryGetValue((domain, recorded), out var address) ? address : null;

    /// <summary>Plays the next call.</summary>
    /// <returns>The call; null when all have been played.</returns>
    public RecordedDmaCall? PlayNext()
    {
        if (Position == _calls.Calls.Count)
            return null;
        var call = _calls.Calls[Position++];
        Advance(call.TimePs);
        var mapping = _mappings[call.Domain];
        switch (call.Kind)
        {
            case RecordedCallKind.BecomeLazy:
                if (_options.Mode == null)
                    mapping.BecomeLazy();
                break;
            case RecordedCallKind.BeginFlush or RecordedCallKind.FinishFlush:
                Flush(call, mapping.Queue);
                break;
            case RecordedCallKind.Unmap:
                if (_addresses.Remove((call.Domain, call.Iova), out var mapped))
                    mapping.UnmapPage(mapped, call.Size, call.Cpu, call.TimePs);
                break;
            default:
                Compare(call, Map(call, mapping));
                break;
        }

        return call;
    }

    /// <summary>Plays all calls that are left.</summary>
    /// <param name="cancellation">Ends it early.</param>
    public RecordedLoadResult Play(CancellationToken cancellation = default)
    {
        while (!cancellation.IsCancellationRequested && PlayNext() != null)
        {
        }

        return Result;
    }

    /// <summary>What it came to so far.</summary>
    public RecordedLoadResult Result => new()
    {
        Recorded = _calls.Recorded,
        Played = new RecordedCounts
        {
            IommuMaps = _mappings.Sum(mapping => mapping.Counts.IommuMaps),
            IommuUnmaps = _mappings.Sum(mapping => mapping.Counts.IommuUnmaps),
            Syncs = _mappings.Sum(mapping => mapping.Counts.Syncs),
            Flushes = _mappings.Sum(mapping => mapping.Counts.Flushes),
        },
        Maps = _mappings.Sum(mapping => mapping.Counts.Maps),
        FailedMaps = _mappings.Sum(mapping => mapping.Counts.FailedMaps),
        EqualAddresses = _equal,
        Bytes = _mappings.Aggregate(0UL, (sum, mapping) => sum + mapping.Counts.Bytes),
        CacheAllocations = _mappings.Sum(mapping => mapping.Iovas.CacheAllocations),
        Steps = _steps,
        QueueHighWater = _mappings.Max(mapping => mapping.Queue?.HighWater ?? 0),
        LongestExposurePs = _mappings.Max(mapping => mapping.Queue?.LongestExposurePs ?? 0),
        TotalExposurePs = _mappings.Sum(mapping => mapping.Queue?.TotalExposurePs ?? 0),
        FirstDifference = _firstDifference,
    };

    /// <inheritdoc/>
    public void Dispose() => _platform.Dispose();

    private DmaMapping Open(int index, string iommu)
    {
        var (driver, device) = (_platform.Driver, _platform.Device(index));
        var mode = Mode(index);
        Run(driver.ProbeDevice(device));
        var domain = driver.AllocateDomain(mode switch
        {
            DmaMode.PassThrough => DomainType.Identity,
            DmaMode.Lazy => DomainType.DmaFlushQueue,
            _ => DomainType.Dma,
        });
        driver.Finalise(domain, device);
        Run(driver.Attach(domain, device));
        return new DmaMapping(driver, domain, Run, new DmaMappingOptions
        {
            Mode = mode,
            Cpus = _calls.Cpus,
            Reserved = _options.Reserved ?? RecordedLoadOptions.QemuReserved(iommu),
            FlushQueue = _options.FlushQueue with { HasTimer = !FlushesAsRecorded(index) },
        });
    }

    private DmaMode Mode(int domain) => _options.Mode ?? (_calls.LazyDomains[domain] ? DmaMode.Lazy : DmaMode.Strict);

    // A domain that was strict when it was recorded has flushes by the timer alone.
    private bool FlushesAsRecorded(int domain) => _options.FlushesAsRecorded && (_options.Mode == null || (_options.Mode == DmaMode.Lazy && _calls.LazyDomains[domain]));

    private void Advance(long timePs)
    {
        foreach (var mapping in _mappings)
        {
            while (mapping.NextTimerPs <= timePs)
                mapping.Advance(mapping.NextTimerPs);
        }
    }

    private long Run(IEnumerable<DriverStep> sequence) => _platform.Bus.Run(sequence);

    private ulong Map(RecordedDmaCall call, DmaMapping mapping)
    {
        var memory = CollectionsMarshal.AsSpan(call.Memory);
        switch (call.Kind)
        {
            case RecordedCallKind.MapPage:
                return mapping.MapPage(memory[0].Physical + call.Offset, call.Size, call.Direction, call.Cpu, call.TimePs) is var address and not DmaMapping.Error
                    ? address - call.Offset
                    : DmaMapping.Error;
            case RecordedCallKind.MapDoorbell:
                return mapping.MapDoorbell(memory[0].Physical, call.Cpu, call.TimePs);
            case RecordedCallKind.AllocateCoherent when _options.Mode != DmaMode.PassThrough:
                return mapping.AllocateCoherent(memory, call.Cpu, call.TimePs);
            default:
                if (_segments.Length < memory.Length)
                    _segments = new DmaSegment[memory.Length];
                return mapping.MapScatterList(memory, _segments, call.Direction, call.Cpu, call.TimePs) > 0 ? _segments[0].Address : DmaMapping.Error;
        }
    }

    private void Compare(RecordedDmaCall call, ulong address)
    {
        if (address != DmaMapping.Error)
            _addresses[(call.Domain, call.Iova)] = address;
        if (address == call.Iova)
            _equal++;
        else
            _firstDifference ??= Describe(call, address);
    }

    private static string Describe(RecordedDmaCall call, ulong address) => string.Create(
        CultureInfo.InvariantCulture,
        $"line {call.Line}: {call.Kind} of 0x{call.Size:x} bytes for domain {call.Domain} on CPU {call.Cpu}: 0x{address:x}, recorded 0x{call.Iova:x}");

    private void Flush(RecordedDmaCall call, FlushQueue? queue)
    {
        if (queue == null || !FlushesAsRecorded(call.Domain))
            return;
        if (call.Kind == RecordedCallKind.BeginFlush)
        {
            queue.Begin();
            return;
        }

        queue.Finish(call.TimePs);
        for (var cpu = 0; cpu < _calls.Cpus; cpu++)
            queue.Reclaim(cpu, cpu < 64 && (call.ReclaimedByOwner >> cpu & 1) != 0 ? cpu : call.Cpu);
    }
}
