namespace Emulator.Cli.Survey;

/// <summary>Whether the mail's guess of May 2022 holds.</summary>
public enum SurveyAnswer
{
    /// <summary>What was observed is what the mail expected, in both directions.</summary>
    Holds,

    /// <summary>Something else was observed in at least one direction.</summary>
    Wrong,

    /// <summary>The mail leaves it open.</summary>
    Undecided,

    /// <summary>This kernel's driver does not offer the strategy: nothing was run.</summary>
    NotOffered,

    /// <summary>The driver refuses to do it: DMA was sent up to there.</summary>
    Refused,

    /// <summary>A driver sequence failed: nothing can be said.</summary>
    Failed,
}
