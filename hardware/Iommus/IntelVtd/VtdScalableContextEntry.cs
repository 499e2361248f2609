namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A scalable-mode context entry of 32 bytes, of which the first 16 are used.</summary>
/// <param name="Low">0 P, 1 FPD, 2 DTE, 3 PASIDE, 4 PRE, 11:9 PDTS, 63:12 PASID directory.</param>
/// <param name="High">19:0 RID_PASID.</param>
public readonly record struct VtdScalableContextEntry(ulong Low, ulong High)
{
    /// <summary>Bytes of an entry.</summary>
    public const ulong Size = 32;

    /// <summary>Present (P), in the low word.</summary>
    public const ulong Present = 1;

    /// <summary>ATS requests are served (DTE), in the low word.</summary>
    public const ulong DeviceTlbEnable = 1 << 2;

    /// <summary>Requests with PASID are served (PASIDE), in the low word.</summary>
    public const ulong PasidEnable = 1 << 3;

    /// <summary>Page requests are served (PRE), in the low word.</summary>
    public const ulong PageRequestEnable = 1 << 4;

    /// <summary>Reserved bits of the low word below the address.</summary>
    public const ulong ReservedLow = 0x1e0;

    /// <summary>Reserved bits of the high word.</summary>
    public const ulong ReservedHigh = 0xffff_ffff_ffe0_0000;

    /// <summary>The entry is valid.</summary>
    public bool IsPresent => (Low & Present) != 0;

    /// <summary>Faults through this entry are not recorded (FPD).</summary>
    public bool FaultsDisabled => (Low & 2) != 0;

    /// <summary>PASIDs that the directory covers: 2^(PDTS + 7) directory entries of 64.</summary>
    public uint PasidLimit => 1u << ((int)((Low >> 9) & 7) + 7 + 6);

    /// <summary>The PASID directory.</summary>
    public ulong PasidDirectory => Low & ~0xfffUL;

    /// <summary>The PASID of requests that carry none.</summary>
    public uint RidPasid => (uint)High & 0xfffff;

    /// <summary>A present entry for RID_PASID 0.</summary>
    /// <param name="pasidDirectory">The directory.</param>
    /// <param name="directorySize">PDTS.</param>
    /// <param name="enables">DTE, PASIDE and PRE bits.</param>
    public static VtdScalableContextEntry Create(ulong pasidDirectory, int directorySize, ulong enables) =>
        new(pasidDirectory | ((ulong)directorySize << 9) | enables | Present, 0);
}
