namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>A PASID table entry of 64 bytes, of which the first three words are used.</summary>
/// <param name="Word0">0 P, 1 FPD, 4:2 AW, 8:6 PGTT, 63:12 second-level table.</param>
/// <param name="Word1">15:0 DID, 23 PWSNP, 24 PGSNP.</param>
/// <param name="Word2">0 SRE, 3:2 FLPM, 4 WPE, 5 NXE, 63:12 first-level table.</param>
public readonly record struct VtdPasidEntry(ulong Word0, ulong Word1, ulong Word2)
{
    /// <summary>Bytes of an entry.</summary>
    public const ulong Size = 64;

    /// <summary>Present (P), in word 0.</summary>
    public const ulong Present = 1;

    /// <summary>Table reads snoop the caches (PWSNP), in word 1.</summary>
    public const ulong PageWalkSnoop = 1 << 23;

    /// <summary>DMA snoops the caches (PGSNP), in word 1.</summary>
    public const ulong PageSnoop = 1 << 24;

    /// <summary>Supervisor requests are served (SRE), in word 2.</summary>
    public const ulong SupervisorEnable = 1;

    /// <summary>First-level tables of 5 levels (FLPM = 1), in word 2.</summary>
    public const ulong FiveLevels = 1 << 2;

    /// <summary>Execute-disable bits of first-level tables are honoured (NXE), in word 2.</summary>
    public const ulong NoExecuteEnable = 1 << 5;

    /// <summary>Reserved bits of word 0 below the address.</summary>
    public const ulong Reserved = 0xc00;

    /// <summary>The entry is valid.</summary>
    public bool IsPresent => (Word0 & Present) != 0;

    /// <summary>Faults through this entry are not recorded (FPD).</summary>
    public bool FaultsDisabled => (Word0 & 2) != 0;

    /// <summary>Address width (AW): second-level table levels less two.</summary>
    public int AddressWidth => (int)(Word0 >> 2) & 7;

    /// <summary>What is done with requests.</summary>
    public VtdPasidTranslation Type => (VtdPasidTranslation)((Word0 >> 6) & 7);

    /// <summary>The top second-level table.</summary>
    public ulong SecondLevelTable => Word0 & ~0xfffUL;

    /// <summary>Domain id.</summary>
    public ushort Domain => (ushort)Word1;

    /// <summary>First-level table levels, 4 or 5; 0 for a reserved FLPM.</summary>
    public int FirstLevelLevels => ((Word2 >> 2) & 3) switch { 0 => 4, 1 => 5, _ => 0 };

    /// <summary>Write protection holds for supervisor requests too (WPE).</summary>
    public bool WriteProtectEnable => (Word2 & (1 << 4)) != 0;

    /// <summary>Supervisor requests are served (SRE).</summary>
    public bool AllowsSupervisor => (Word2 & SupervisorEnable) != 0;

    /// <summary>The top first-level table.</summary>
    public ulong FirstLevelTable => Word2 & ~0xfffUL;

    /// <summary>A present entry.</summary>
    public static VtdPasidEntry Create(VtdPasidTranslation type, ulong secondLevelTable, int addressWidth, ushort domain, ulong snoops, ulong word2) =>
        new(secondLevelTable | ((ulong)type << 6) | ((ulong)addressWidth << 2) | Present, domain | snoops, word2);
}
