using Emulator.Actors.Isolation;

namespace Emulator.Actors.Hosts;

/// <summary>The figures of a host so far.</summary>
public sealed record HostStatistics
{
    /// <summary>The host's name.</summary>
    public required string Host { get; init; }

    /// <summary>Its IOMMU's name.</summary>
    public required string Iommu { get; init; }

    /// <summary>How far the host's virtual time is, in picoseconds since its start; null for a host that has none.</summary>
    public long? VirtualNow { get; init; }

    /// <summary>DMAs that the silicon answered.</summary>
    public long Dmas => Devices.Sum(device => device.Dmas);

    /// <summary>DMAs that reached memory.</summary>
    public long Completed => Devices.Sum(device => device.Completed);

    /// <summary>DMAs that were refused.</summary>
    public long Aborted => Devices.Sum(device => device.Aborted);

    /// <summary>Faults that the silicon recorded; a refused DMA need not leave one.</summary>
    public long Faults { get; init; }

    /// <summary>IOTLB lookups that found an entry, of all instances.</summary>
    public long IotlbHits { get; init; }

    /// <summary>IOTLB lookups that found none and for which a walk found a translation, of all instances; what passes through untranslated is neither.</summary>
    public long IotlbMisses { get; init; }

    /// <summary>The part of IOTLB lookups that found an entry, 0 to 1.</summary>
    public double IotlbHitRate => IotlbHits + IotlbMisses == 0 ? 0 : (double)IotlbHits / (IotlbHits + IotlbMisses);

    /// <summary>Driver steps that the silicon was programmed with.</summary>
    public long DriverSteps { get; init; }

    /// <summary>Changes of owner that ended with a new owner attached; the first attach of each group is not one.</summary>
    public long Reassignments { get; init; }

    /// <summary>Changes of owner that failed.</summary>
    public long ReassignmentsFailed { get; init; }

    /// <summary>The sum of the blocked time of <see cref="Reassignments"/>; by <see cref="HostSpecification.Time"/>.</summary>
    public TimeSpan BlockedTime { get; init; }

    /// <summary>The longest blocked time of a reassignment.</summary>
    public TimeSpan LongestBlockedTime { get; init; }

    /// <summary>DMAs that landed where their device had no right to read or write.</summary>
    public long Violations { get; init; }

    /// <summary>The first of them with their circumstances, see <see cref="HostSpecification.ViolationsKept"/>.</summary>
    public IReadOnlyList<IsolationViolation> FirstViolations { get; init; } = [];

    /// <summary>DMAs that reached an earlier owner's or freed memory within <see cref="HostSpecification.ToleratedExposure"/>; no violations.</summary>
    public long Exposed { get; init; }

    /// <summary>The longest time after a group had left its owner at which such a DMA landed.</summary>
    public TimeSpan LongestExposure { get; init; }

    /// <summary>DMAs that no check has seen, because the checker crashed over them.</summary>
    public long Unchecked { get; init; }

    /// <summary>DMAs that the silicon still held when their group had been blocked for <see cref="HostSpecification.HeldDmaLimit"/>; the group became Blocked without them.</summary>
    public long Abandoned { get; init; }

    /// <summary>Runs of the interrupt handler in which the driver threw: there a kernel would have stopped.</summary>
    public long InterruptFailures { get; init; }

    /// <summary>What it threw first; null when there is none.</summary>
    public string? FirstInterruptFailure { get; init; }

    /// <summary>Crashes of the host's actors.</summary>
    public long ActorRestarts { get; init; }

    /// <summary>Each device's figures.</summary>
    public required IReadOnlyList<DeviceStatistics> Devices { get; init; }
}
