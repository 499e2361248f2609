using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Emulator.Telemetry;

/// <summary>The meters <c>Emulator.Dma</c> and <c>Emulator.Ownership</c>: observable counters over the plain counters of every registered host.
/// Nothing is read unless somebody listens.</summary>
/// <remarks>May be used by several threads at once.</remarks>
public static class EmulatorMeters
{
    /// <summary>The name of the meter of DMA, IOTLB and faults.</summary>
    public const string DmaMeterName = "Emulator.Dma";

    /// <summary>The name of the meter of ownership changes.</summary>
    public const string OwnershipMeterName = "Emulator.Ownership";

    private static readonly ConcurrentDictionary<Registration, byte> s_hosts = new();
    private static readonly Meter s_dma = new(DmaMeterName);
    private static readonly Meter s_ownership = new(OwnershipMeterName);

    static EmulatorMeters()
    {
        Dma("emulator.dma.requests", "{dma}", "DMAs that the silicon answered", static c => c.Dmas);
        Dma("emulator.dma.batches", "{batch}", "Batches that the silicon answered", static c => c.Batches);
        Dma("emulator.dma.batches.stale", "{batch}", "Batches sent under an older epoch than they were answered under", static c => c.StaleBatches);
        Dma("emulator.dma.faults", "{fault}", "Faults that the silicon recorded", static c => c.Faults);
        Dma("emulator.iotlb.hits", "{lookup}", "IOTLB lookups that found an entry", static c => c.IotlbHits);
        Dma("emulator.iotlb.misses", "{lookup}", "IOTLB lookups that found none", static c => c.IotlbMisses);
        Dma("emulator.driver.steps", "{step}", "Driver steps performed", static c => c.DriverSteps);
        Ownership("emulator.ownership.changes", "{change}", "Changes of owner", static c => c.Reassignments);
        Ownership("emulator.ownership.changes.failed", "{change}", "Changes of owner that failed", static c => c.Failed);
        Ownership("emulator.ownership.restarts", "{crash}", "Crashes of actors", static c => c.ActorRestarts);
        Ownership("emulator.isolation.violations", "{dma}", "DMAs that landed where their device had no right", static c => c.Violations);
        Ownership("emulator.isolation.unchecked", "{dma}", "DMAs that no check has seen", static c => c.Unchecked);
        s_ownership.CreateObservableCounter(
            "emulator.ownership.blocked_time", static () => Observe(static r => r.Ownership.BlockedTime.TotalSeconds), "s", "Time that groups were blocked in changes of owner");
    }

    /// <summary>Registers a host's counters until the result is disposed of.</summary>
    /// <param name="host">The host's name: the tag <c>emulator.host</c>.</param>
    /// <param name="iommu">Its IOMMU's name: the tag <c>emulator.iommu</c>.</param>
    /// <param name="dma">Its DMA counters.</param>
    /// <param name="ownership">Its ownership counters.</param>
    public static IDisposable Register(string host, string iommu, DmaCounters dma, OwnershipCounters ownership)
    {
        var registration = new Registration(
            [new KeyValuePair<string, object?>("emulator.host", host), new KeyValuePair<string, object?>("emulator.iommu", iommu)], dma, ownership);
        s_hosts.TryAdd(registration, 0);
        return registration;
    }

    private static void Dma(string name, string unit, string description, Func<DmaCounters, long> read) =>
        s_dma.CreateObservableCounter(name, () => Observe(registration => read(registration.Dma)), unit, description);

    private static void Ownership(string name, string unit, string description, Func<OwnershipCounters, long> read) =>
        s_ownership.CreateObservableCounter(name, () => Observe(registration => read(registration.Ownership)), unit, description);

    private static IEnumerable<Measurement<T>> Observe<T>(Func<Registration, T> read)
        where T : struct =>
        s_hosts.Keys.Select(registration => new Measurement<T>(read(registration), registration.Tags));

    private sealed class Registration(KeyValuePair<string, object?>[] tags, DmaCounters dma, OwnershipCounters ownership) : IDisposable
    {
        public KeyValuePair<string, object?>[] Tags { get; } = tags;

        public DmaCounters Dma { get; } = dma;

        public OwnershipCounters Ownership { get; } = ownership;

        public void Dispose() => s_hosts.TryRemove(this, out _);
    }
}
