namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A PASID directory entry of 8 bytes, indexed by the PASID's bits above 5.</summary>
/// <param name="Raw">0 P, 1 FPD, 63:12 PASID table.</param>
public readonly record struct VtdPasidDirectoryEntry(ulong Raw)
{
    /// <summary>Reserved bits below the address.</summary>
    public const ulong Reserved = 0xffc;

    /// <summary>The table is there.</summary>
    public bool IsPresent => (Raw & 1) != 0;

    /// <summary>Faults through this entry are not recorded (FPD).</summary>
    public bool FaultsDisabled => (Raw & 2) != 0;

    /// <summary>The PASID table: 64 entries of 64 bytes.</summary>
    public ulong Table => Raw & ~0xfffUL;

    /// <summary>A present entry.</summary>
    public static VtdPasidDirectoryEntry Create(ulong table) => new(table | 1);
}
