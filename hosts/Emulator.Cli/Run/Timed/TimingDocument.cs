namespace Emulator.Cli.Run.Timed;

/// <summary>The document of <c>run --explain-timing --json</c>.</summary>
/// <param name="Schema">Always <see cref="SchemaName"/>.</param>
/// <param name="Hosts">Each host.</param>
public sealed record TimingDocument(string Schema, IReadOnlyList<HostTimingFigures> Hosts)
{
    /// <summary>Name and version of this shape.</summary>
    public const string SchemaName = "emulator.timing/1";

    /// <summary>That of a scenario.</summary>
    public static TimingDocument Of(Scenario scenario)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return new TimingDocument(SchemaName, [.. scenario.Hosts.Select(host => HostTimingFigures.Of(host.Specification))]);
    }
}
