namespace Emulator.Actors.Tests.Coordination;

/// <summary>A fact about a PostgreSQL server: reported as skipped, with the reason, when there is none.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgreSqlFactAttribute : FactAttribute
{
    private const string Variable = "EMULATOR_POSTGRES";

    public PostgreSqlFactAttribute()
    {
        if (ConnectionString == null)
            Skip = $"{Variable} names no server; tests/postgres-journal.sh starts one";
    }

    public static string? ConnectionString => Environment.GetEnvironmentVariable(Variable);
}
