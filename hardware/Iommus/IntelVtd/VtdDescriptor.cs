namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>An invalidation descriptor. The wide form of 256 bits has two more words, which are zero in all types that Linux uses here.</summary>
/// <param name="Word0">3:0 type, 5:4 granularity; the rest by type.</param>
/// <param name="Word1">Address, by type.</param>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h, QI_*; dmar.c, qi_flush_*.</remarks>
public readonly record struct VtdDescriptor(ulong Word0, ulong Word1 = 0)
{
    private const ulong DrainWrites = 1 << 6;
    private const ulong DrainReads = 1 << 7;
    private const ulong InterruptFlag = 1 << 4;
    private const ulong StatusWriteFlag = 1 << 5;
    private const ulong InvalidationHint = 1 << 6;

    /// <summary>The type.</summary>
    public VtdDescriptorType Type => (VtdDescriptorType)(Word0 & 15);

    /// <summary>The granularity field, whose meaning depends on the type.</summary>
    public int Granularity => (int)(Word0 >> 4) & 3;

    /// <summary>Domain id (31:16).</summary>
    public ushort Domain => (ushort)(Word0 >> 16);

    /// <summary>Source id (47:32).</summary>
    public ushort Source => (ushort)(Word0 >> 32);

    /// <summary>Context: source-id bits to ignore (FM, 49:48).</summary>
    public int FunctionMask => (int)(Word0 >> 48) & 3;

    /// <summary>PASID (51:32) of PASID-cache and PASID-IOTLB descriptors.</summary>
    public uint Pasid => (uint)(Word0 >> 32) & 0xfffff;

    /// <summary>IOTLB: first page.</summary>
    public ulong Address => Word1 & ~0xfffUL;

    /// <summary>IOTLB: log2 of the pages (AM).</summary>
    public int AddressMask => (int)Word1 & 0x3f;

    /// <summary>Wait: whether the status word is written (SW).</summary>
    public bool WritesStatus => (Word0 & StatusWriteFlag) != 0;

    /// <summary>Wait: whether an interrupt is raised (IF).</summary>
    public bool Interrupts => (Word0 & InterruptFlag) != 0;

    /// <summary>Wait: the status data (63:32).</summary>
    public uint StatusData => (uint)(Word0 >> 32);

    /// <summary>Wait: where the status goes, a multiple of 4.</summary>
    public ulong StatusAddress => Word1 & ~3UL;

    /// <summary>Invalidates context entries.</summary>
    public static VtdDescriptor Context(VtdGranularity granularity, ushort domain, ushort source) =>
        new((ulong)VtdDescriptorType.Context | ((ulong)granularity << 4) | ((ulong)domain << 16) | ((ulong)source << 32));

    /// <summary>Invalidates IOTLB entries.</summary>
    /// <param name="granularity">How much.</param>
    /// <param name="domain">Domain id.</param>
    /// <param name="drainReads">DR.</param>
    /// <param name="drainWrites">DW.</param>
    /// <param name="address">First page, a multiple of 2^(12 + mask).</param>
    /// <param name="mask">log2 of the pages.</param>
    public static VtdDescriptor Iotlb(VtdGranularity granularity, ushort domain, bool drainReads, bool drainWrites, ulong address = 0, int mask = 0) =>
        new((ulong)VtdDescriptorType.Iotlb | ((ulong)granularity << 4) | (drainWrites ? DrainWrites : 0) | (drainReads ? DrainReads : 0) | ((ulong)domain << 16), address | (uint)mask);

    /// <summary>Invalidates PASID-cache entries of a domain.</summary>
    public static VtdDescriptor PasidCacheOfDomain(ushort domain) => new((ulong)VtdDescriptorType.PasidCache | ((ulong)domain << 16));

    /// <summary>Invalidates the PASID-cache entry of a PASID.</summary>
    public static VtdDescriptor PasidCacheOfPasid(ushort domain, uint pasid) =>
        new((ulong)VtdDescriptorType.PasidCache | (1 << 4) | ((ulong)domain << 16) | ((ulong)pasid << 32));

    /// <summary>Invalidates the whole PASID cache.</summary>
    public static VtdDescriptor PasidCacheGlobal() => new((ulong)VtdDescriptorType.PasidCache | (3 << 4));

    /// <summary>Invalidates all IOTLB entries of a PASID.</summary>
    public static VtdDescriptor PasidIotlb(ushort domain, uint pasid) =>
        new((ulong)VtdDescriptorType.PasidIotlb | (2 << 4) | ((ulong)domain << 16) | ((ulong)pasid << 32));

    /// <summary>Invalidates IOTLB entries of a PASID in an address range.</summary>
    /// <param name="domain">Domain id.</param>
    /// <param name="pasid">PASID.</param>
    /// <param name="address">First page, a multiple of 2^(12 + mask).</param>
    /// <param name="mask">log2 of the pages.</param>
    /// <param name="leafOnly">No table was freed (IH).</param>
    public static VtdDescriptor PasidIotlbPages(ushort domain, uint pasid, ulong address, int mask, bool leafOnly = false) =>
        new((ulong)VtdDescriptorType.PasidIotlb | (3 << 4) | ((ulong)domain << 16) | ((ulong)pasid << 32), address | (leafOnly ? InvalidationHint : 0) | (uint)mask);

    /// <summary>Invalidates a device's TLB.</summary>
    /// <param name="source">The device.</param>
    /// <param name="physicalFunction">SID of its physical function.</param>
    /// <param name="queueDepth">Invalidations the device takes at once.</param>
    /// <param name="address">Address.</param>
    /// <param name="mask">log2 of the pages; 52 for everything.</param>
    public static VtdDescriptor DeviceTlb(ushort source, ushort physicalFunction, int queueDepth, ulong address, int mask)
    {
        var target = address;
        if (mask > 0)
        {
            // The size is coded in the address: the lowest clear bit below the range's size (QI_DEV_IOTLB_SIZE).
            target |= (1UL << (12 + mask - 1)) - 1;
            target = (target & ~0xfffUL) | 1;
        }

        return new(
            (ulong)VtdDescriptorType.DeviceTlb | ((ulong)(queueDepth & 0x1f) << 16) | ((ulong)(physicalFunction & 0xf) << 12)
            | ((ulong)source << 32) | ((ulong)(physicalFunction >> 4 & 0xfff) << 52),
            target);
    }

    /// <summary>Waits for what is in front of it, then writes a status word.</summary>
    public static VtdDescriptor Wait(uint data, ulong statusAddress) => new((ulong)VtdDescriptorType.Wait | StatusWriteFlag | ((ulong)data << 32), statusAddress);
}
