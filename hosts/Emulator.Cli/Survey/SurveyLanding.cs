namespace Emulator.Cli.Survey;

/// <summary>What lies at the address where a DMA landed.</summary>
public enum SurveyLanding
{
    /// <summary>It landed nowhere.</summary>
    Nowhere,

    /// <summary>The page that domain A maps there.</summary>
    DomainA,

    /// <summary>The page that domain B maps there.</summary>
    DomainB,

    /// <summary>The frame whose physical address equals the IOVA; it belongs to a third party.</summary>
    OwnAddress,

    /// <summary>None of these.</summary>
    Elsewhere,
}
