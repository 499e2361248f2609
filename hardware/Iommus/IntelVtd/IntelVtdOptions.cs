namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>What a VT-d unit is built with: its capability registers, and what the sources leave open.</summary>
public sealed record IntelVtdOptions
{
    /// <summary>Legacy mode: 3 and 4 levels, 48 bits, 2 MiB and 1 GiB pages, page-selective invalidation up to 2^18 pages, 8 fault records at 0x220.</summary>
    public const ulong LegacyCapability = 0x00d2_078c_222f_0666;

    /// <summary>Legacy mode: coherent, queued invalidation, device TLBs, pass-through, snoop control, IOTLB registers at 0xf0.</summary>
    public const ulong LegacyExtendedCapability = 0x0fc7;

    /// <summary>Scalable mode: as legacy, and 1 GiB first-level pages.</summary>
    public const ulong ScalableCapability = LegacyCapability | (1UL << 56);

    /// <summary>Scalable mode: as legacy, and nesting, supervisor requests, 20 bits of PASID, scalable mode with both levels and coherent walks.</summary>
    public const ulong ScalableExtendedCapability =
        LegacyExtendedCapability | (1UL << 26) | (1UL << 31) | (19UL << 35) | (1UL << 40) | (1UL << 43) | (1UL << 46) | (1UL << 47) | (1UL << 48);

    /// <summary>The instance's name.</summary>
    public string Name { get; init; } = "dmar0";

    /// <summary>The capability register.</summary>
    public VtdCapability Capability { get; init; } = new(LegacyCapability);

    /// <summary>The extended capability register.</summary>
    public VtdExtendedCapability ExtendedCapability { get; init; } = new(LegacyExtendedCapability);

    /// <summary>Bits of physical address: higher address bits in entries are reserved.</summary>
    public int HostWidth { get; init; } = 52;

    /// <summary>[model] Context-cache and PASID-cache entries kept each; 0 caches nothing.</summary>
    public int ConfigurationCacheCapacity { get; init; } = int.MaxValue;

    /// <summary>
    /// [model] IOTLB entries match by source id and are looked up before the context cache, so pages used before stay reachable until the IOTLB is
    /// invalidated, whatever the context entry says. False: they match by domain id, after the context lookup. Either way they are invalidated by
    /// the domain id of their fill.
    /// </summary>
    public bool IotlbMatchesSource { get; init; } = true;

    /// <summary>[model] A device-selective invalidation of the context cache drops a legacy entry only when the domain id matches as well.</summary>
    public bool ContextInvalidationMatchesDomain { get; init; } = true;

    /// <summary>[model] A fault of a source that has a record pending already is merged into it, not recorded again.</summary>
    public bool MergesFaultsOfSource { get; init; }

    /// <summary>Requesters whose device TLB never answers: their invalidation ends in an ITE.</summary>
    public IReadOnlySet<ushort> SilentDeviceTlbs { get; init; } = new HashSet<ushort>();
}
