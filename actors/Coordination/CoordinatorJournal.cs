using System.Text.Json;
using Akka.Configuration;
using Microsoft.Data.Sqlite;

namespace Emulator.Actors.Coordination;

/// <summary>The database in which the coordinator's events and snapshots are. Tables are made when they are missing.</summary>
public sealed record CoordinatorJournal
{
    private CoordinatorJournal(string provider, string connectionString) => (Provider, ConnectionString) = (provider, connectionString);

    /// <summary>The kind of database, in linq2db's terms.</summary>
    public string Provider { get; }

    /// <summary>How to connect.</summary>
    public string ConnectionString { get; }

    private bool IsSqlite => Provider == "SQLite.MS";

    /// <summary>An SQLite file, made when it is missing.</summary>
    /// <param name="path">The file; its folder exists.</param>
    public static CoordinatorJournal Sqlite(string path) =>
        new("SQLite.MS", new SqliteConnectionStringBuilder { DataSource = path }.ToString());

    /// <summary>A PostgreSQL database.</summary>
    /// <param name="connectionString">As Npgsql takes it, with the database, which exists.</param>
    public static CoordinatorJournal PostgreSql(string connectionString) => new("PostgreSQL.15", connectionString);

    /// <summary>Akka's configuration of the journal and the snapshot store.</summary>
    /// <remarks>Opens an SQLite file and switches it to a write-ahead log, in which a commit is one append.</remarks>
    /// <exception cref="SqliteException">The file can't be opened, or is no SQLite file.</exception>
    internal Config Open()
    {
        if (IsSqlite)
        {
            using var connection = new SqliteConnection(ConnectionString);
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA journal_mode = WAL";
            command.ExecuteNonQuery();
        }

        var connect = $"connection-string = {JsonSerializer.Serialize(ConnectionString)}\nprovider-name = \"{Provider}\"\n";
        return ConfigurationFactory.ParseString(
            $$"""
            akka.persistence {
              max-message-batch-size = 1000
              journal {
                plugin = "akka.persistence.journal.sql"
                max-message-batch-size = 1000
                sql {
                  {{connect}}
                  tag-write-mode = Csv
                  batch-size = 1000
                }
              }
              snapshot-store {
                plugin = "akka.persistence.snapshot-store.sql"
                sql {
                  {{connect}}
                }
              }
            }
            """).WithFallback(Akka.Persistence.Sql.SqlPersistence.DefaultConfiguration);
    }
}
