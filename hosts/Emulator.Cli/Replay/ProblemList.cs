namespace Emulator.Cli.Replay;

/// <summary>Counts problems and keeps the first ones in words.</summary>
public sealed class ProblemList
{
    /// <summary>Problems kept in words.</summary>
    public const int MaxKept = 20;

    private readonly List<string> _kept = [];

    /// <summary>How many there were.</summary>
    public long Count { get; private set; }

    /// <summary>The first ones.</summary>
    public IReadOnlyList<string> Kept => _kept;

    /// <summary>Adds one.</summary>
    public void Add(string problem)
    {
        Count++;
        if (_kept.Count < MaxKept)
            _kept.Add(problem);
    }
}
