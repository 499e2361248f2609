namespace Emulator.Cli.Survey;

/// <summary>How an answer is to be seen.</summary>
public enum SurveyTone
{
    /// <summary>Neither.</summary>
    Neutral,

    /// <summary>DMA was kept away, or a guess held.</summary>
    Good,

    /// <summary>DMA got through, or a guess was wrong.</summary>
    Bad,
}
