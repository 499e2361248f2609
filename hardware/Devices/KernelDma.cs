using System.Numerics;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Devices;

/// <summary>The DMA API as a device's driver calls it, in virtual time: what a call does is <see cref="DmaMapping"/>'s, what it takes is said by the IOMMU's timing.</summary>
/// <remarks>Also the timer of a lazy domain's flush queue. What a call changes takes effect when the call begins, an invalidation when the queue serves it.</remarks>
public sealed class KernelDma : TimelineAgent
{
    private readonly TimedPlatform _platform;
    private readonly DmaEngine _engine;
    private readonly long _allocation;
    private readonly long _call;
    private readonly long _page;
    private readonly int _pageShift;
    private long _at;
    private long _sentAtFirst;
    private long _flushes;
    private long _mostExposedDmas;
    private long _exposedDmas;
    private bool _isOpen;

    /// <summary>Makes the DMA API of a device.</summary>
    /// <param name="platform">The platform, in virtual time.</param>
    /// <param name="domain">The device's domain.</param>
    /// <param name="options">How it is mapped.</param>
    /// <param name="engine">The device's DMA engine: its DMAs are counted while unmapped memory can still be reached.</param>
    /// <exception cref="ArgumentException">The domain cannot be mapped that way.</exception>
    public KernelDma(TimedPlatform platform, IommuDomain domain, DmaMappingOptions options, DmaEngine engine)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(options);
        (_platform, _engine) = (platform, engine);
        if (options.Mode == DmaMode.Lazy && !(domain.Type == DomainType.DmaFlushQueue && platform.Platform.Driver.DefersFlushes))
            throw new ArgumentException("the IOMMU's driver does not let invalidations wait: this kernel would map strictly");
        Mapping = new DmaMapping(platform.Platform.Driver, domain, Perform, options);
        _allocation = VirtualTime.FromNanoseconds(platform.Timing.IovaAllocation) / 2;
        _call = VirtualTime.FromNanoseconds(platform.Timing.MapCall);
        _page = VirtualTime.FromNanoseconds(platform.Timing.MapPage);
        PageSize = domain.PageTable is { } table ? table.PageSizeBitmap & (~table.PageSizeBitmap + 1) : 4096;
        _pageShift = BitOperations.TrailingZeroCount(PageSize);
        Translates = options.Mode != DmaMode.PassThrough;
        platform.Timeline.Add(this, VirtualTime.Never);
    }

    /// <summary>What calls do, and how often.</summary>
    public DmaMapping Mapping { get; }

    /// <summary>Bytes of the smallest page that is mapped.</summary>
    public ulong PageSize { get; }

    /// <summary>Whether addresses are translated.</summary>
    public bool Translates { get; }

    /// <summary>The time of all map calls, in picoseconds.</summary>
    public long MapTime { get; private set; }

    /// <summary>The time of all unmap calls, in picoseconds; without <see cref="InvalidationTime"/>.</summary>
    public long UnmapTime { get; private set; }

    /// <summary>The time of all invalidations, waits included, in picoseconds.</summary>
    public long InvalidationTime { get; private set; }

    /// <summary>Invalidations.</summary>
    public long Invalidations { get; private set; }

    /// <summary>The most DMAs that the device sent between an unmap and the flush that covers it, or until now.</summary>
    public long MostExposedDmas => Math.Max(_mostExposedDmas, OpenDmas);

    /// <summary>DMAs that the device sent while memory that it had no longer a right to could be reached.</summary>
    public long ExposedDmas => _exposedDmas + OpenDmas;

    private long OpenDmas => _isOpen ? _engine.Sent - _sentAtFirst : 0;

    /// <summary>Maps a buffer.</summary>
    /// <param name="at">When the CPU calls.</param>
    /// <param name="physical">The buffer, contiguous.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="direction">Which way data goes.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="address">Its address for the device.</param>
    /// <returns>When the call returns.</returns>
    /// <exception cref="InvalidOperationException">There is no address left, or no memory for tables.</exception>
    public long Map(long at, ulong physical, long length, DmaDirection direction, int cpu, out ulong address)
    {
        _at = at;
        address = Mapping.MapPage(physical, (ulong)length, direction, cpu, at);
        return EndMap(at, address != DmaMapping.Error, length);
    }

    /// <summary>Maps a scatter list.</summary>
    /// <param name="at">When the CPU calls.</param>
    /// <param name="segments">The list.</param>
    /// <param name="mapped">Receives the device's segments; as long.</param>
    /// <param name="direction">Which way data goes.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="count">How many segments there are for the device.</param>
    /// <returns>When the call returns.</returns>
    /// <exception cref="InvalidOperationException">There is no address left, or no memory for tables.</exception>
    public long Map(long at, ReadOnlySpan<ScatterSegment> segments, Span<DmaSegment> mapped, DmaDirection direction, int cpu, out int count)
    {
        _at = at;
        var length = 0UL;
        foreach (var segment in segments)
            length += segment.Length;
        count = Mapping.MapScatterList(segments, mapped, direction, cpu, at);
        return EndMap(at, count > 0, (long)length);
    }

    /// <summary>Unmaps a buffer.</summary>
    /// <param name="at">When the CPU calls.</param>
    /// <param name="address">The address that mapping it gave.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="cpu">The CPU.</param>
    /// <returns>When the call returns.</returns>
    public long Unmap(long at, ulong address, long length, int cpu)
    {
        BeginUnmap(at, length);
        Mapping.UnmapPage(address, (ulong)length, cpu, at);
        return EndUnmap();
    }

    /// <summary>Unmaps a scatter list.</summary>
    /// <param name="at">When the CPU calls.</param>
    /// <param name="mapped">The device's segments.</param>
    /// <param name="cpu">The CPU.</param>
    /// <returns>When the call returns.</returns>
    public long Unmap(long at, ReadOnlySpan<DmaSegment> mapped, int cpu)
    {
        BeginUnmap(at, (long)(mapped[^1].Address + mapped[^1].Length - mapped[0].Address));
        Mapping.UnmapScatterList(mapped, cpu, at);
        return EndUnmap();
    }

    /// <summary>Maps memory that device and driver share for long.</summary>
    /// <param name="at">When the CPU calls.</param>
    /// <param name="memory">Where it is taken from: page by page, or in one piece where nothing is translated.</param>
    /// <param name="bytes">Its bytes, at least 1.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="address">Where it begins for the device.</param>
    /// <returns>When the call returns.</returns>
    /// <exception cref="InvalidOperationException">There is no address left, or no memory for tables.</exception>
    public long MapCoherent(long at, BufferPool memory, int bytes, int cpu, out ulong address)
    {
        ArgumentNullException.ThrowIfNull(memory);
        return MapCoherent(at, Translates ? memory.TakeRun(bytes) : [memory.TakeContiguous(bytes)], bytes, cpu, out address);
    }

    /// <summary>Maps memory that device and driver share for long and that the caller has allocated.</summary>
    /// <param name="at">When the CPU calls.</param>
    /// <param name="memory">Its parts, whole pages each.</param>
    /// <param name="bytes">Its bytes, at least 1.</param>
    /// <param name="cpu">The CPU.</param>
    /// <param name="address">Where it begins for the device.</param>
    /// <returns>When the call returns.</returns>
    /// <exception cref="InvalidOperationException">There is no address left, or no memory for tables.</exception>
    public long MapCoherent(long at, ReadOnlySpan<ScatterSegment> memory, long bytes, int cpu, out ulong address)
    {
        _at = at;
        address = Mapping.AllocateCoherent(memory, cpu, at);
        return EndMap(at, address != DmaMapping.Error, bytes);
    }

    /// <summary>Ends a flush of the queue that was begun, where somebody other than the queue's timer decides when.</summary>
    /// <param name="at">When.</param>
    /// <returns>When it is done.</returns>
    public long FinishFlush(long at)
    {
        _at = at;
        Mapping.Queue?.Finish(at);
        NoteFlush();
        return _at;
    }

    /// <inheritdoc/>
    protected internal override void Act(Timeline timeline)
    {
        _at = Next;
        Mapping.Advance(Next);
        NoteFlush();
        Next = Math.Max(_at, Mapping.NextTimerPs);
    }

    private long EndMap(long at, bool isMapped, long length)
    {
        if (!isMapped)
            throw new InvalidOperationException("the DMA API can map no more: no address or no memory for tables is left");
        if (Translates)
            _at += _allocation + CostOf(length);
        MapTime += _at - at;
        return _at;
    }

    private void BeginUnmap(long at, long length)
    {
        if (!_isOpen && Mapping.Queue != null)
            (_isOpen, _sentAtFirst) = (true, _engine.Sent);
        var cost = Translates ? _allocation + CostOf(length) : 0;
        UnmapTime += cost;
        _at = at + cost;
    }

    private long EndUnmap()
    {
        NoteFlush();
        _platform.Timeline.Wake(this, Mapping.NextTimerPs);
        return _at;
    }

    private long CostOf(long length) => _call + (Math.Max(0, (length - 1) >> _pageShift) * _page);

    // A flush covers what was unmapped before it. The unmap that set it off, as it found the ring full, begins the next window.
    private void NoteFlush()
    {
        if (Mapping.Queue is not { } queue || queue.Finished == _flushes)
            return;
        _flushes = queue.Finished;
        (_mostExposedDmas, _exposedDmas) = (MostExposedDmas, ExposedDmas);
        (_isOpen, _sentAtFirst) = (queue.Exposed > 0, _engine.Sent);
    }

    private long Perform(IEnumerable<DriverStep> sequence)
    {
        var done = _platform.Invalidate(sequence, _at, out var result);
        if (done > _at)
            Invalidations++;
        InvalidationTime += done - _at;
        _at = done;
        return result;
    }
}
