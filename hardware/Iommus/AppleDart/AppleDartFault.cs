namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Why a DART refused a DMA. Each generation has its own bit for it in ERROR; see <see cref="AppleDartFaults"/>.</summary>
public enum AppleDartFault : byte
{
    /// <summary>The stream is blocked by its TCR.</summary>
    Blocked,

    /// <summary>The TCR contradicts itself.</summary>
    Contradictory,

    /// <summary>No TTBR.</summary>
    NoTtbr,

    /// <summary>The address lies beyond the level that two levels of tables have (T8110: no PGD).</summary>
    NoPgd,

    /// <summary>The first-level entry is not valid (no PMD).</summary>
    NoPmd,

    /// <summary>The leaf is not valid (no PTE).</summary>
    NoPte,

    /// <summary>The page may not be written.</summary>
    WriteProtected,

    /// <summary>The page may not be read.</summary>
    ReadProtected,
}
