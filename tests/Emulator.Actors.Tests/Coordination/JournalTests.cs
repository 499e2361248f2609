using Akka.Actor;
using Emulator.Actors.Coordination;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Memory;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Actors.Tests.Coordination;

/// <summary>Real hosts under a coordinator with a real journal, and programs that are started again on it.</summary>
public sealed class JournalTests : IDisposable
{
    private static readonly OwnerTag s_b = HostSpecification.TenantTag(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("emulator-journal-");

    private string File => Path.Combine(_folder.FullName, "ownership.db");

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public Task Owners_and_outcomes_outlive_the_program_in_a_file() => OutliveTheProgram(CoordinatorJournal.Sqlite(File));

    /// <summary>Needs a server; tests/postgres-journal.sh starts one and runs this.</summary>
    [PostgreSqlFact]
    public Task Owners_and_outcomes_outlive_the_program_in_PostgreSQL() => OutliveTheProgram(CoordinatorJournal.PostgreSql(PostgreSqlFactAttribute.ConnectionString!));

    [Fact]
    public async Task After_a_crash_of_an_actor_of_the_host_the_owner_is_restored()
    {
        await using var program = await StartAsync(CoordinatorJournal.Sqlite(File));
        var moved = await program.Coordinator.ChangeAsync(new OwnerChange("1", "host", 0, s_b));
        foreach (var kind in (ActorKind[])[ActorKind.Group, ActorKind.Translation, ActorKind.Iommu, ActorKind.Host])
        {
            program.Host.Actor.Tell(new SupervisionMessages.CrashActor(kind), ActorRefs.NoSender);
            await program.UntilAsync(owners => owners[0].InForce && owners[0].Epoch > moved.Epoch);
            moved = moved with { Epoch = (await program.Coordinator.GetOwnersAsync())[0].Epoch };
        }

        await program.UntilAsync(owners => owners.All(owner => owner.InForce));
        Assert.Equal(s_b, (await program.Coordinator.GetOwnersAsync("host"))[0].Owner);
        Assert.Equal(0, (await program.Host.GetStatisticsAsync()).Violations);
    }

    [Theory]
    [InlineData("UPDATE journal SET manifest = 'change-decided-9' WHERE manifest = 'change-decided-1'", "change-decided-9")]
    [InlineData("UPDATE journal SET message = x'7b' WHERE manifest = 'change-decided-1'", "can't be read")]
    public async Task A_journal_that_cannot_be_believed_is_named_in_the_log_and_nothing_is_changed(string damage, string reason)
    {
        await using (var program = await StartAsync(CoordinatorJournal.Sqlite(File)))
            await program.Coordinator.ChangeAsync(new OwnerChange("1", "host", 0, s_b));
        Damage(damage);

        var log = new LoggedErrors();
        var options = new CoordinatorOptions { Journal = CoordinatorJournal.Sqlite(File), AskTimeout = TimeSpan.FromSeconds(5) };
        await using var again = await CoordinatedProgram.StartAsync(Specification(), options, log);
        await log.UntilAsync(reason);

        // A request that meets the coordinator on its way down is lost, and times out.
        Exception? answer;
        do
            answer = await Record.ExceptionAsync(() => again.Coordinator.ChangeAsync(new OwnerChange("2", "host", 0, s_b)));
        while (answer is AskTimeoutException);
        Assert.IsType<InvalidOperationException>(answer);
    }

    [Fact]
    public async Task A_file_that_is_no_database_fails_the_start()
    {
        await System.IO.File.WriteAllTextAsync(File, new string('x', 5000));
        await Assert.ThrowsAsync<SqliteException>(
            () => CoordinatedProgram.StartAsync(Specification(), new CoordinatorOptions { Journal = CoordinatorJournal.Sqlite(File) }, new LoggedErrors()));
    }

    [Fact]
    public void Options_outside_their_limits_are_refused_at_once() =>
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddOwnershipCoordinator(new() { MaxChangesInFlight = 0 }));

    [Fact]
    public async Task A_host_that_starts_with_its_tenants_is_refused()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => CoordinatedProgram.StartAsync(
                Specification() with { Start = StartsWith.FirstTenants }, new CoordinatorOptions { Journal = CoordinatorJournal.Sqlite(File) }, new LoggedErrors()));
        Assert.Contains("must start blocked", error.Message, StringComparison.Ordinal);
    }

    private static async Task OutliveTheProgram(CoordinatorJournal journal)
    {
        IReadOnlyList<ChangeOutcome> outcomes;
        IReadOnlyList<OwnerChange> changes = [new("1", "host", 0, s_b), new("2", "host", 1, HostSpecification.TenantTag(0)), new("3", "host", 1, s_b)];
        await using (var program = await StartAsync(journal))
        {
            Assert.All(await program.Coordinator.GetOwnersAsync(), owner => Assert.Equal(OwnerTag.None, owner.Owner));
            outcomes = await program.Coordinator.ChangeAsync(changes);
            Assert.All(outcomes, outcome => Assert.Equal(ChangeResult.Completed, outcome.Result));
            Assert.Equal(ChangeResult.Completed, (await program.Coordinator.ChangeDeviceAsync("4", "host", 2, OwnerTag.None)).Result);
        }

        await using (var program = await StartAsync(journal))
        {
            var owners = await program.Coordinator.GetOwnersAsync();
            Assert.Equal([s_b, s_b, OwnerTag.None], owners.Select(owner => owner.Owner));
            Assert.All(owners.Take(2), owner => Assert.True(owner.Epoch > outcomes[owner.Group].Epoch));
            Assert.Equal(outcomes, await program.Coordinator.ChangeAsync(changes));
            program.Host.StartWorkload();
            await program.Host.WaitForWorkloadAsync();
            var statistics = await program.Host.GetStatisticsAsync();
            Assert.Equal([1000L, 1000, 0], statistics.Devices.Select(device => device.Completed));
            Assert.Equal(0, statistics.Violations);
            Assert.All(await program.Coordinator.ChangeHostAsync("5", "host", s_b), outcome => Assert.Equal(ChangeResult.Completed, outcome.Result));
        }
    }

    private static async Task<CoordinatedProgram> StartAsync(CoordinatorJournal journal)
    {
        var program = await CoordinatedProgram.StartAsync(Specification(), new CoordinatorOptions { Journal = journal, SnapshotEvery = 3 }, new LoggedErrors());
        await program.UntilAsync(owners => owners.Count == 3 && owners.All(owner => owner.InForce));
        return program;
    }

    private static HostSpecification Specification() => new()
    {
        Name = "host",
        Room = FlatRoom.Room,
        Devices = 3,
        Start = StartsWith.Blocked,
        BufferSize = 1 << 20,
        Workload = new() { TotalDmas = 1000 },
    };

    private void Damage(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "DELETE FROM snapshot";
        command.ExecuteNonQuery();
        command.CommandText = sql;
        Assert.Equal(1, command.ExecuteNonQuery());
    }
}
