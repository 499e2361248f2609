using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Host;

/// <summary>A domain of the traced kernel and ours in its place.</summary>
/// <param name="address">Its address in the traced kernel; 0 for one that the trace does not name.</param>
/// <param name="domain">Ours.</param>
/// <param name="typeIsKnown">Whether the trace tells its type.</param>
public sealed class ReplayDomain(ulong address, IommuDomain domain, bool typeIsKnown)
{
    private readonly List<(ulong First, ulong Last)> _queued = [];

    /// <summary>Its address in the traced kernel; 0 for one that the trace does not name.</summary>
    public ulong Address { get; } = address;

    /// <summary>Ours.</summary>
    public IommuDomain Domain { get; } = domain;

    /// <summary>Whether the trace tells its type; else it is taken for a DMA domain.</summary>
    public bool TypeIsKnown { get; } = typeIsKnown;

    /// <summary>Whether a device was attached to it: only then has the driver given it identifiers to invalidate.</summary>
    public bool WasAttached { get; set; }

    /// <summary>Flows that unmapped and have not invalidated yet.</summary>
    public List<ExecutionFlow> Unsynced { get; } = [];

    /// <summary>Tables that wait for a flush of the queue to be freed (flush-queue domains).</summary>
    public InvalidationGather Queue { get; private set; } = new() { Queued = true };

    /// <summary>Notes a range that was unmapped and waits for a flush of the queue.</summary>
    public void Enqueue(ulong iova, ulong size) => _queued.Add((iova, iova + size - 1));

    /// <summary>Whether an address of a range waits for a flush of the queue.</summary>
    public bool Awaits(ulong iova, ulong size)
    {
        foreach (var (first, last) in _queued)
        {
            if (first <= iova + size - 1 && last >= iova)
                return true;
        }

        return false;
    }

    /// <summary>The queue was flushed: gives its tables back.</summary>
    public void Flushed()
    {
        foreach (var (address, bytes) in Queue.FreedTables)
            Domain.PageTable!.Release(address, bytes);
        Queue = new InvalidationGather { Queued = true };
        _queued.Clear();
    }

    /// <summary>Where an address lands by the page table, as software looks it up; null when nowhere.</summary>
    public ulong? Lookup(ulong iova) => Domain.Type == DomainType.Identity ? iova : Domain.PageTable?.Lookup(iova);

    /// <summary>Whether both ends of a range are mapped.</summary>
    public bool Maps(ulong iova, ulong size) => Domain.IsPaging && Lookup(iova) != null && Lookup(iova + size - 1) != null;

    /// <summary>Whether both ends of a range are free.</summary>
    public bool HasRoom(ulong iova, ulong size) => Domain.IsPaging && Lookup(iova) == null && Lookup(iova + size - 1) == null;
}
