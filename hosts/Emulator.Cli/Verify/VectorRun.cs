namespace Emulator.Cli.Verify;

/// <summary>What became of one vector: a runner reports disagreements to it.</summary>
public sealed class VectorRun
{
    /// <summary>Disagreements kept for one vector; further ones are counted.</summary>
    public const int MaxFailures = 5;

    private readonly List<VectorFailure> _failures = [];

    /// <summary>Starts a run.</summary>
    public VectorRun(string file, string id, VerifyOptions options)
    {
        File = file;
        Id = id;
        Options = options;
    }

    /// <summary>The vector file.</summary>
    public string File { get; }

    /// <summary>The vector.</summary>
    public string Id { get; }

    /// <summary>The options of the verification.</summary>
    public VerifyOptions Options { get; }

    /// <summary>The step that is being run, put into failures.</summary>
    public int? Step { get; set; }

    /// <summary>Why the vector was not run; null when it was.</summary>
    public string? SkippedBecause { get; private set; }

    /// <summary>Disagreements found.</summary>
    public int FailureCount { get; private set; }

    /// <summary>The first <see cref="MaxFailures"/> disagreements.</summary>
    public IReadOnlyList<VectorFailure> Failures => _failures;

    /// <summary>Says that the models have nothing to run this vector with.</summary>
    public void Skip(string reason) => SkippedBecause = reason;

    /// <summary>Reports a disagreement.</summary>
    public void Fail(string expected, string actual)
    {
        FailureCount++;
        if (_failures.Count < MaxFailures)
            _failures.Add(new VectorFailure(File, Id, Step, expected, actual));
    }

    /// <summary>Compares two values and reports a disagreement.</summary>
    /// <returns>Whether they agree.</returns>
    public bool Check<T>(string what, T expected, T actual)
    {
        if (EqualityComparer<T>.Default.Equals(expected, actual))
            return true;
        Fail($"{what} {Show(expected)}", $"{what} {Show(actual)}");
        return false;
    }

    private static string Show<T>(T value) => value switch
    {
        null => "none",
        ulong word => $"0x{word:x}",
        uint word => $"0x{word:x}",
        _ => value.ToString() ?? "",
    };
}
