using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;

namespace Emulator.Hardware.Timing;

/// <summary>A platform in virtual time: the timeline, how long each IOMMU instance takes, and what its driver's steps take.</summary>
/// <remarks>Not for several threads at once.</remarks>
public sealed class TimedPlatform
{
    private readonly TranslationTimer[] _timers;
    private readonly long _registerRead;
    private readonly long _registerWrite;
    private readonly long _memoryAccess;
    private readonly long _invalidation;
    private long _queueFree;

    /// <summary>Puts a platform into virtual time.</summary>
    /// <exception cref="ArgumentException">The timing is outside its limits.</exception>
    public TimedPlatform(Platform platform, IommuTiming timing)
    {
        ArgumentNullException.ThrowIfNull(platform);
        ArgumentNullException.ThrowIfNull(timing);
        timing.Validate();
        Platform = platform;
        Timing = timing;
        _timers = [.. platform.Bus.Units.Select(_ => new TranslationTimer(timing))];
        _registerRead = VirtualTime.FromNanoseconds(timing.RegisterRead);
        _registerWrite = VirtualTime.FromNanoseconds(timing.RegisterWrite);
        _memoryAccess = VirtualTime.FromNanoseconds(timing.MemoryAccess);
        _invalidation = VirtualTime.FromNanoseconds(timing.Invalidation);
    }

    /// <summary>The platform.</summary>
    public Platform Platform { get; }

    /// <summary>What its IOMMUs take in time.</summary>
    public IommuTiming Timing { get; }

    /// <summary>Its virtual time.</summary>
    public Timeline Timeline { get; } = new();

    /// <summary>The time that walks waited for a walker, of all instances.</summary>
    public long WalkerWait => _timers.Sum(timer => timer.Waited);

    /// <summary>The time that submitters of invalidations waited for each other.</summary>
    public long QueueWait { get; private set; }

    /// <summary>Invalidations submitted with <see cref="Invalidate"/>, and their time, waits included.</summary>
    public long Invalidations { get; private set; }

    /// <summary>Their time, waits included.</summary>
    public long InvalidationTime { get; private set; }

    /// <summary>The clock of an IOMMU instance.</summary>
    public TranslationTimer TimerOf(int unit) => _timers[unit];

    /// <summary>What a driver step takes.</summary>
    public long CostOf(DriverStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.Kind switch
        {
            DriverStepKind.ReadRegister => _registerRead,
            DriverStepKind.WriteRegister => _registerWrite,
            DriverStepKind.ReadMemory or DriverStepKind.WriteMemory => _memoryAccess,
            _ => 0,
        };
    }

    /// <summary>The kernel invalidates from a processor: it waits for the queue, performs the driver's sequence, and waits for its completion.</summary>
    /// <param name="sequence">The driver's sequence; nothing takes no time.</param>
    /// <param name="at">When the processor begins.</param>
    /// <param name="result">The driver's result.</param>
    /// <returns>When it is done.</returns>
    public long Invalidate(IEnumerable<DriverStep> sequence, long at, out long result)
    {
        ArgumentNullException.ThrowIfNull(sequence);
        var cost = 0L;
        result = 0;
        foreach (var step in sequence)
        {
            if (step.Kind == DriverStepKind.Return)
            {
                result = step.Result;
                break;
            }

            Platform.Bus.Perform(step);
            cost += CostOf(step);
        }

        if (cost == 0)
            return at;
        var start = Math.Max(at, _queueFree);
        QueueWait += start - at;
        _queueFree = start + Math.Max(cost, _invalidation);
        Invalidations++;
        InvalidationTime += _queueFree - at;
        return _queueFree;
    }
}
