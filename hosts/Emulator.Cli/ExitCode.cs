namespace Emulator.Cli;

/// <summary>What the program's exit code says.</summary>
public static class ExitCode
{
    /// <summary>Everything that was checked held.</summary>
    public const int Held = 0;

    /// <summary>A check failed: violations, mismatches, failed vectors.</summary>
    public const int CheckFailed = 1;

    /// <summary>The input is bad: one line on standard error says where and why.</summary>
    public const int BadInput = 2;
}
