using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.DmaApi;

/// <summary>The cache of freed ranges of one size: two magazines for each CPU, and a depot of full ones that the CPUs share.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/iova.c, struct iova_rcache: the depot holds 32 magazines, and what comes when it is full goes back to the tree. 6.12: the
/// depot has no limit, and every 100 ms (IOVA_DEPOT_DELAY) one magazine goes back while it holds more of them than there are CPUs.</remarks>
internal sealed class IovaCache
{
    /// <summary>Magazines in 6.1's depot (MAX_GLOBAL_MAGS).</summary>
    public const int DepotSize61 = 32;

    private readonly (IovaMagazine Loaded, IovaMagazine Previous)[] _cpus;
    private readonly bool _limited;
    private readonly List<IovaMagazine> _depot = [];
    private readonly Stack<IovaMagazine> _spare = new();

    /// <summary>Makes an empty cache.</summary>
    public IovaCache(int cpus, KernelVersion kernel)
    {
        _cpus = new (IovaMagazine, IovaMagazine)[cpus];
        for (var cpu = 0; cpu < cpus; cpu++)
            _cpus[cpu] = (new IovaMagazine(), new IovaMagazine());
        _limited = kernel == KernelVersion.Linux61;
    }

    /// <summary>Whether the depot holds so much that 6.12 gives some of it back.</summary>
    public bool IsOversized => !_limited && _depot.Count > _cpus.Length;

    /// <summary>Takes a range out (__iova_rcache_get).</summary>
    /// <returns>Its first page frame number; 0 when there is none at or below the limit.</returns>
    public ulong Pop(int cpu, ulong limitPfn)
    {
        ref var own = ref _cpus[cpu];
        if (own.Loaded.IsEmpty)
        {
            if (!own.Previous.IsEmpty)
            {
                own = (own.Previous, own.Loaded);
            }
            else if (_depot.Count > 0)
            {
                _spare.Push(own.Loaded);
                own.Loaded = _depot[^1];
                _depot.RemoveAt(_depot.Count - 1);
            }
        }

        return own.Loaded.Pop(limitPfn);
    }

    /// <summary>Puts a range in (__iova_rcache_insert).</summary>
    /// <returns>A magazine whose ranges go back to the tree, as there is no room for it; the caller hands it to <see cref="Recycle"/>. Mostly null.</returns>
    public IovaMagazine? Push(int cpu, ulong pfn)
    {
        ref var own = ref _cpus[cpu];
        IovaMagazine? surplus = null;
        if (own.Loaded.IsFull)
        {
            if (!own.Previous.IsFull)
            {
                own = (own.Previous, own.Loaded);
            }
            else
            {
                if (!_limited || _depot.Count < DepotSize61)
                    _depot.Add(own.Loaded);
                else
                    surplus = own.Loaded;
                own.Loaded = _spare.TryPop(out var spare) ? spare : new IovaMagazine();
            }
        }

        own.Loaded.Push(pfn);
        return surplus;
    }

    /// <summary>Takes a magazine out of the depot, to be given back: 6.1 begins with the oldest, 6.12 with the youngest. Null when there is none.</summary>
    public IovaMagazine? TakeDepot()
    {
        if (_depot.Count == 0)
            return null;
        var at = _limited ? 0 : _depot.Count - 1;
        var magazine = _depot[at];
        _depot.RemoveAt(at);
        return magazine;
    }

    /// <summary>The two magazines of a CPU.</summary>
    public (IovaMagazine Loaded, IovaMagazine Previous) OfCpu(int cpu) => _cpus[cpu];

    /// <summary>Takes an emptied magazine for later use.</summary>
    public void Recycle(IovaMagazine magazine)
    {
        magazine.Clear();
        _spare.Push(magazine);
    }
}
