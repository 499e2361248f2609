namespace Emulator.Cli.Survey;

/// <summary>How a device is made to stop reaching its old domain.</summary>
public enum SurveyStrategy
{
    /// <summary>The seed era's detach alone.</summary>
    Detach,

    /// <summary>An empty unmanaged domain is attached.</summary>
    Empty,

    /// <summary>The driver's own blocking domain is attached.</summary>
    Native,
}
