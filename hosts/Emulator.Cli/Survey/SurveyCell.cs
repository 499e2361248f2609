namespace Emulator.Cli.Survey;

/// <summary>A cell of the matrix.</summary>
/// <param name="Tone">How it is to be seen.</param>
/// <param name="Lines">What it says.</param>
/// <param name="Evidence">The points of the log that it rests on; none where nothing was run.</param>
public sealed record SurveyCell(SurveyTone Tone, IReadOnlyList<string> Lines, IReadOnlyList<SurveyPoint> Evidence)
{
    /// <summary>Makes a cell of one line.</summary>
    public SurveyCell(SurveyTone tone, string line, IReadOnlyList<SurveyPoint> evidence)
        : this(tone, [line], evidence)
    {
    }
}
