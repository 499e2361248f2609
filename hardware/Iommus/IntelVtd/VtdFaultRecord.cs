namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A fault recording register of 128 bits, at CAP.FRO.</summary>
/// <param name="Low">63:12 the page.</param>
/// <param name="High">15:0 SID, 31 PP, 39:32 FR, 59:40 PASID, 62 T (1 read), 63 F.</param>
public readonly record struct VtdFaultRecord(ulong Low, ulong High)
{
    /// <summary>A fault is recorded here (F); written one to clear.</summary>
    public const ulong Fault = 1UL << 63;

    /// <summary>The page of the request.</summary>
    public ulong Page => Low & ~0xfffUL;

    /// <summary>The requester.</summary>
    public ushort Source => (ushort)High;

    /// <summary>The fault reason; see <see cref="VtdFaultCode"/>.</summary>
    public byte Reason => (byte)(High >> 32);

    /// <summary>The request carried a PASID (PP).</summary>
    public bool HasPasid => (High & (1UL << 31)) != 0;

    /// <summary>The PASID.</summary>
    public uint Pasid => (uint)(High >> 40) & 0xfffff;

    /// <summary>A read (T); otherwise a write.</summary>
    public bool IsRead => (High & (1UL << 62)) != 0;

    /// <summary>Whether the record holds a fault.</summary>
    public bool IsValid => (High & Fault) != 0;

    /// <summary>A record.</summary>
    public static VtdFaultRecord Create(ulong iova, ushort source, byte reason, bool read, uint? pasid) =>
        new(iova & ~0xfffUL, Fault | (read ? 1UL << 62 : 0) | ((ulong)reason << 32) | (pasid is { } value ? (1UL << 31) | ((ulong)value << 40) : 0) | source);
}
