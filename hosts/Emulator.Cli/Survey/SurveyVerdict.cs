namespace Emulator.Cli.Survey;

/// <summary>What a case says about the mail's guess.</summary>
/// <param name="Answer">The word.</param>
/// <param name="Why">The observation behind it.</param>
public sealed record SurveyVerdict(SurveyAnswer Answer, string Why)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name}: {Why}";

    /// <summary>The word as it is printed.</summary>
    public string Name => Answer switch
    {
        SurveyAnswer.Holds => "holds",
        SurveyAnswer.Wrong => "wrong",
        SurveyAnswer.Undecided => "undecided",
        SurveyAnswer.NotOffered => "not offered",
        SurveyAnswer.Refused => "refused",
        _ => "failed",
    };
}
