namespace Emulator.Cli.Survey;

/// <summary>What became of a DMA, judged by its landing address alone; ordered from harmless to bad.</summary>
public enum SurveyOutcome
{
    /// <summary>It was refused, or is held.</summary>
    Blocked,

    /// <summary>It landed where the tables say: in the page of the domain that is attached or being left.</summary>
    Translated,

    /// <summary>It landed in the old domain's page although the tables no longer say so (a cache answered), or although the detach has returned.</summary>
    Stale,

    /// <summary>It landed untranslated, in a third party's memory.</summary>
    Identity,

    /// <summary>It landed at an address that belongs to none of the parties.</summary>
    Elsewhere,
}
