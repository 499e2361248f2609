using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace Emulator.Kill;

/// <summary>What the journal says, read from the file without any of the coordinator's code.</summary>
internal sealed class JournalReading(string file)
{
    private readonly Dictionary<int, (string Id, int Tenant)> _decided = [];
    private readonly HashSet<string> _everDecided = new(StringComparer.Ordinal);
    private long _read;

    /// <summary>Changes that ended, by id: the group, the tenant, the epoch, whether it was completed, the place in the journal.</summary>
    public Dictionary<string, (int Group, int Tenant, long Epoch, bool Completed, long Place)> Ended { get; } = new(StringComparer.Ordinal);

    /// <summary>Each group's last epoch.</summary>
    public long[] Epochs { get; } = new long[KillChild.Groups];

    /// <summary>Each group's owner.</summary>
    public int[] Owners { get; } = new int[KillChild.Groups];

    /// <summary>The owner that a group is to be restored to: that of a decided change, otherwise its own.</summary>
    public int ToRestore(int group) => _decided.TryGetValue(group, out var decided) ? decided.Tenant : Owners[group];

    /// <summary>Reads on.</summary>
    /// <returns>What can't be, as many times as it was found: something twice, an epoch that did not grow.</returns>
    public int Read()
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'journal'";
        if ((long)command.ExecuteScalar()! == 0)
            return 0;
        command.CommandText = "SELECT sequence_number, manifest, message FROM journal WHERE sequence_number > $read ORDER BY sequence_number";
        command.Parameters.AddWithValue("$read", _read);
        var wrong = 0;
        using var rows = command.ExecuteReader();
        while (rows.Read())
        {
            if (rows.GetInt64(0) != _read + 1)
                wrong++;
            _read = rows.GetInt64(0);
            using var json = JsonDocument.Parse((byte[])rows.GetValue(2));
            wrong += Take(rows.GetString(1), json.RootElement);
        }

        return wrong;
    }

    private int Take(string manifest, JsonElement happened)
    {
        if (manifest == "host-admitted-1")
            return Grow(Enumerable.Range(0, KillChild.Groups), happened.GetProperty("Floor").GetInt64(), strictly: true);
        var group = happened.GetProperty("Group").GetInt32();
        if (manifest == "change-decided-1")
        {
            var id = happened.GetProperty("Id").GetString()!;
            return (_decided.TryAdd(group, (id, happened.GetProperty("ToTenant").GetInt32())) ? 0 : 1) + (_everDecided.Add(id) ? 0 : 1);
        }

        if (!_decided.Remove(group, out var decided))
            return 1;
        var (completed, epoch) = (manifest == "change-completed-1", happened.GetProperty("Epoch").GetInt64());
        if (completed)
            Owners[group] = decided.Tenant;
        else if (happened.GetProperty("IsOwnerLost").GetBoolean())
            Owners[group] = 0;
        return (Ended.TryAdd(decided.Id, (group, decided.Tenant, epoch, completed, _read)) ? 0 : 1) + Grow([group], epoch, strictly: false);
    }

    private int Grow(IEnumerable<int> groups, long epoch, bool strictly)
    {
        var wrong = 0;
        foreach (var group in groups)
        {
            wrong += epoch < Epochs[group] || (strictly && epoch == Epochs[group]) ? 1 : 0;
            Epochs[group] = epoch;
        }

        return wrong;
    }
}
