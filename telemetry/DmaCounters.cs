namespace Emulator.Telemetry;

/// <summary>What one host's silicon has done so far. One writer adds to plain fields; a meter's observer reads them, perhaps a little late.</summary>
public sealed class DmaCounters
{
    private long _dmas;
    private long _batches;
    private long _staleBatches;
    private long _driverSteps;
    private long _abandoned;
    private long _faults;
    private long _iotlbHits;
    private long _iotlbMisses;

    /// <summary>DMAs answered.</summary>
    public long Dmas => Volatile.Read(ref _dmas);

    /// <summary>Batches answered.</summary>
    public long Batches => Volatile.Read(ref _batches);

    /// <summary>Batches that were sent under an older epoch than they were answered under.</summary>
    public long StaleBatches => Volatile.Read(ref _staleBatches);

    /// <summary>Driver steps performed.</summary>
    public long DriverSteps => Volatile.Read(ref _driverSteps);

    /// <summary>DMAs that the silicon held for longer than their group's change of owner waits.</summary>
    public long Abandoned => Volatile.Read(ref _abandoned);

    /// <summary>Faults that the silicon recorded.</summary>
    public long Faults => Volatile.Read(ref _faults);

    /// <summary>IOTLB lookups that found an entry.</summary>
    public long IotlbHits => Volatile.Read(ref _iotlbHits);

    /// <summary>IOTLB lookups that found none, and for which a walk found a translation.</summary>
    public long IotlbMisses => Volatile.Read(ref _iotlbMisses);

    /// <summary>Counts a batch.</summary>
    public void AddBatch(int dmas, bool stale)
    {
        _dmas += dmas;
        _batches++;
        if (stale)
            _staleBatches++;
    }

    /// <summary>Counts driver steps.</summary>
    public void AddDriverSteps(int steps) => _driverSteps += steps;

    /// <summary>Counts DMAs that are no longer waited for.</summary>
    public void AddAbandoned(int dmas) => _abandoned += dmas;

    /// <summary>Sets what the silicon itself counts.</summary>
    public void SetSilicon(long faults, long iotlbHits, long iotlbMisses) => (_faults, _iotlbHits, _iotlbMisses) = (faults, iotlbHits, iotlbMisses);
}
