using System.Runtime.CompilerServices;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Context cache, PASID cache and IOTLB of a unit, and what each invalidation drops from them.</summary>
public sealed class VtdCaches
{
    /// <summary>IOTLB flag: filled through a first-level table; a missing permission makes the silicon walk again.</summary>
    public const ushort FirstLevelFlag = 1;

    /// <summary>IOTLB flag: filled through both levels.</summary>
    public const ushort NestedFlag = 2;

    /// <summary>IOTLB flag: filled in scalable mode.</summary>
    public const ushort ScalableFlag = 4;

    /// <summary>IOTLB flag: faults on this entry are not recorded.</summary>
    public const ushort FaultsDisabledFlag = 8;

    private readonly ConfigurationCache<VtdContextRecord> _contexts;
    private readonly ConfigurationCache<VtdTranslation> _pasids;
    private readonly bool _matchesDomain;

    /// <summary>Makes empty caches.</summary>
    public VtdCaches(IntelVtdOptions options, IotlbGeometry geometry)
    {
        ArgumentNullException.ThrowIfNull(options);
        _contexts = new ConfigurationCache<VtdContextRecord>(options.ConfigurationCacheCapacity);
        _pasids = new ConfigurationCache<VtdTranslation>(options.ConfigurationCacheCapacity);
        _matchesDomain = options.ContextInvalidationMatchesDomain;
        Iotlb = new Iotlb(geometry);
    }

    /// <summary>The translations.</summary>
    public Iotlb Iotlb { get; }

    /// <summary>Changes whenever a context or PASID entry may have changed.</summary>
    public ulong Generation => ((ulong)_contexts.Generation << 32) | _pasids.Generation;

    /// <summary>Finds a context entry.</summary>
    public ref VtdContextRecord FindContext(ushort source) => ref _contexts.Find(source);

    /// <summary>Keeps a context entry.</summary>
    public void Keep(ushort source, in VtdContextRecord record) => _contexts.Insert(source, record);

    /// <summary>Finds a PASID entry.</summary>
    public ref VtdTranslation FindPasid(ushort source, uint pasid) => ref _pasids.Find(PasidKey(source, pasid));

    /// <summary>Keeps a PASID entry.</summary>
    public void Keep(ushort source, uint pasid, in VtdTranslation translation) => _pasids.Insert(PasidKey(source, pasid), translation);

    /// <summary>The IOTLB's second identity: domain id and PASID of the fill.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong DomainTag(ushort domain, uint pasid) => domain | ((ulong)pasid << 16);

    /// <summary>Drops everything.</summary>
    public void InvalidateAll()
    {
        _contexts.InvalidateAll();
        _pasids.InvalidateAll();
        Iotlb.InvalidateAll();
    }

    /// <summary>Drops context entries.</summary>
    /// <param name="granularity">How much.</param>
    /// <param name="domain">Domain id; scalable entries have none, and count as of every domain.</param>
    /// <param name="source">Source id.</param>
    /// <param name="functionMask">Source-id bits to ignore (FM).</param>
    /// <returns>False for a granularity that does not exist.</returns>
    public bool InvalidateContext(VtdGranularity granularity, ushort domain, ushort source, int functionMask)
    {
        var mask = (ushort)~(functionMask switch { 1 => 4, 2 => 6, 3 => 7, _ => 0 });
        switch (granularity)
        {
            case VtdGranularity.Global:
                _contexts.InvalidateAll();
                return true;
            case VtdGranularity.Domain:
                _contexts.Invalidate((_, record) => record.HasDirectory || record.Translation.Domain == domain);
                return true;
            case VtdGranularity.Narrow:
                _contexts.Invalidate((key, record) =>
                    (key & mask) == (source & (uint)mask)
                    && (!_matchesDomain || record.HasDirectory || record.Translation.Scalable || record.Translation.Domain == domain));
                return true;
            default:
                return false;
        }
    }

    /// <summary>Drops PASID entries: of a domain, or of one PASID of it.</summary>
    public void InvalidatePasids(ushort domain, uint? pasid)
    {
        if (pasid is { } one)
            _pasids.Invalidate((key, entry) => entry.Domain == domain && (key & 0xfffff) == one);
        else
            _pasids.Invalidate((_, entry) => entry.Domain == domain);
    }

    /// <summary>Drops all PASID entries.</summary>
    public void InvalidatePasids() => _pasids.InvalidateAll();

    /// <summary>Drops IOTLB entries: all, or those of a domain.</summary>
    public void InvalidateIotlb(ushort? domain)
    {
        if (domain is { } one)
            Iotlb.Invalidate(new OfDomain(one));
        else
            Iotlb.InvalidateAll();
    }

    /// <summary>Drops second-level translations of a domain that touch a range, and all nested ones of the domain: the range says nothing of their input.</summary>
    public void InvalidateIotlbPages(ushort domain, ulong address, int mask) => Iotlb.Invalidate(new OfRange(domain, address, mask));

    /// <summary>Drops first-level, nested and pass-through translations of a PASID.</summary>
    public void InvalidatePasidIotlb(ushort domain, uint pasid) => Iotlb.Invalidate(new OfPasid(DomainTag(domain, pasid), 0, 64));

    /// <summary>Drops first-level and nested translations of a PASID that touch a range.</summary>
    public void InvalidatePasidIotlbPages(ushort domain, uint pasid, ulong address, int mask) => Iotlb.Invalidate(new OfPasid(DomainTag(domain, pasid), address, mask));

    private static ulong PasidKey(ushort source, uint pasid) => ((ulong)source << 20) | pasid;

    private static (ulong First, ulong Last) Range(ulong address, int mask)
    {
        var size = mask >= 52 ? ulong.MaxValue : (4096UL << mask) - 1;
        return (address & ~size, address | size);
    }

    private readonly struct OfDomain(ushort domain) : IIotlbSelector
    {
        public bool Selects(in IotlbEntry entry) => (ushort)entry.Domain == domain;
    }

    private readonly struct OfRange : IIotlbSelector
    {
        private readonly ushort _domain;
        private readonly ulong _first;
        private readonly ulong _last;

        public OfRange(ushort domain, ulong address, int mask)
        {
            _domain = domain;
            (_first, _last) = Range(address, mask);
        }

        public bool Selects(in IotlbEntry entry) =>
            (ushort)entry.Domain == _domain
            && ((entry.Flags & NestedFlag) != 0 || ((entry.Flags & FirstLevelFlag) == 0 && entry.Overlaps(_first, _last)));
    }

    private readonly struct OfPasid : IIotlbSelector
    {
        private readonly ulong _domain;
        private readonly ulong _first;
        private readonly ulong _last;

        public OfPasid(ulong domain, ulong address, int mask)
        {
            _domain = domain;
            (_first, _last) = Range(address, mask);
        }

        public bool Selects(in IotlbEntry entry) =>
            entry.Domain == _domain && (entry.Flags & (FirstLevelFlag | NestedFlag)) != 0 && entry.Overlaps(_first, _last);
    }
}
