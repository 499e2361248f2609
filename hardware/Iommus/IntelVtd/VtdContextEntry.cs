namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A legacy context entry of 16 bytes, one a function.</summary>
/// <param name="Low">0 P, 1 FPD, 3:2 TT, 63:12 page table.</param>
/// <param name="High">2:0 AW, 23:8 DID.</param>
public readonly record struct VtdContextEntry(ulong Low, ulong High)
{
    /// <summary>Present (P), in the low word.</summary>
    public const ulong Present = 1;

    /// <summary>Reserved bits of the low word below the address.</summary>
    public const ulong ReservedLow = 0xff0;

    /// <summary>Reserved bits of the high word.</summary>
    public const ulong ReservedHigh = 0xffff_ffff_ff00_0080;

    /// <summary>The entry is valid.</summary>
    public bool IsPresent => (Low & Present) != 0;

    /// <summary>Faults through this entry are not recorded (FPD).</summary>
    public bool FaultsDisabled => (Low & 2) != 0;

    /// <summary>What is done with requests.</summary>
    public VtdTranslationType Type => (VtdTranslationType)((Low >> 2) & 3);

    /// <summary>The top second-level table.</summary>
    public ulong PageTable => Low & ~0xfffUL;

    /// <summary>Address width (AW): table levels less two.</summary>
    public int AddressWidth => (int)High & 7;

    /// <summary>Domain id.</summary>
    public ushort Domain => (ushort)(High >> 8);

    /// <summary>A present entry.</summary>
    public static VtdContextEntry Create(VtdTranslationType type, ulong pageTable, int addressWidth, ushort domain) =>
        new(pageTable | ((ulong)type << 2) | Present, ((ulong)domain << 8) | (uint)addressWidth);
}
