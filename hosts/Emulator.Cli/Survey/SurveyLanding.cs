namespace Emulator.Cli.Survey;

/// <summary>What lies at the address where a DMA landed.</summary>
public enum SurveyLanding
{
    /// <summary>It landed nowhere.</summary>
    Nowhere,

    /// <summary>The silicon holds it: what becomes of it is seen at a later point.</summary>
    Held,

    /// <summary>The IOMMU's protect buffer, where some send what they do not translate: in nobody's memory.</summary>
    ProtectBuffer,

    /// <summary>The page that domain A maps there.</summary>
    DomainA,

    /// <summary>The page that domain B maps there.</summary>
    DomainB,

    /// <summary>The frame whose physical address equals the IOVA; it belongs to a third party.</summary>
    OwnAddress,

    /// <summary>The page of a third party's domain whose tables lie in memory that the driver had freed: the silicon walks a table that is no longer its own.</summary>
    FreedTable,

    /// <summary>None of these.</summary>
    Elsewhere,
}
