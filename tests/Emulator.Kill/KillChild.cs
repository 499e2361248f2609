using Akka.Actor;
using Emulator.Actors.Coordination;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Hardware.Iommus;
using Emulator.Hardware.Memory;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Kill;

/// <summary>The program that is killed: a coordinator, a real host, and requesters. It says on standard output what it asks for and what it is answered, and ends
/// by itself after a minute should its parent be gone.</summary>
internal static class KillChild
{
    public const int Groups = 8;
    public const int Tenants = 3;

    private static readonly Lock s_output = new();

    public static async Task RunAsync(string file, int run)
    {
        var again = ReadInput();
        var journal = CoordinatorJournal.Sqlite(file);
        using var system = ActorSystem.Create("kill", journal.Open().WithFallback(EmulatorHostingExtensions.Configuration()));
        var observer = system.ActorOf(Props.Create(() => new FirstAttachActor()));
        system.EventStream.Subscribe(observer, typeof(OwnershipChanged));
        var host = StartHost(system, run);
        await host.WaitUntilStartedAsync();

        // DMA on blocked groups: none may get through.
        host.StartWorkload();
        HostStatistics blocked;
        do
            blocked = await host.GetStatisticsAsync();
        while (blocked.Dmas == 0);
        if (blocked.Completed > 0)
            Say(new KillLine(KillLine.Early, "dma", -1, 0, 0));
        await observer.Ask<FirstAttachActor.MayAttach>(new FirstAttachActor.MayAttach());
        Say(new KillLine(KillLine.Ready, "-", -1, 0, 0));

        var options = new CoordinatorOptions { Journal = journal, SnapshotEvery = 200, MaxChangesInFlight = 6 };
        var client = new CoordinatorClient(EmulatorHostingExtensions.StartCoordinator(system, options, [host]), options.AskTimeout);
        while ((await client.GetOwnersAsync()) is not { Count: Groups } owners || !owners.All(owner => owner.InForce))
            await Task.Delay(2);

        await Task.WhenAll(again.Select(change => ChangeAsync(client, change)));
        _ = WatchAsync(host);
        var requesters = Task.WhenAll(Enumerable.Range(0, Groups).Select(group => MoveAsync(client, host.Specification.Name, group, run)));
        await await Task.WhenAny(requesters, Task.Delay(TimeSpan.FromMinutes(1)));
    }

    private static HostClient StartHost(ActorSystem system, int run)
    {
        var room = IommuCatalog.Find("arm-smmu-v3")!;
        var host = EmulatedHost.Create(new HostSpecification
        {
            Name = "host",
            Room = room,
            Variant = room.Variants[run % room.Variants.Count],
            Devices = Groups,
            Tenants = Tenants,
            Start = StartsWith.Blocked,
            BufferSize = 64 << 10,
            Workload = new() { TotalDmas = 10_000, BatchSize = 8, Credits = 1 },
        });
        return EmulatorHostingExtensions.Start(system, host, 0, new EmulatorOptions { PinnedTranslationActors = 0 });
    }

    private static List<OwnerChange> ReadInput()
    {
        var changes = new List<OwnerChange>();
        while (Console.In.ReadLine() is { } text)
        {
            if (KillLine.TryParse(text, out var line))
                changes.Add(new OwnerChange(line.Id, "host", line.Group, new OwnerTag(line.Tenant)));
        }

        return changes;
    }

    // One requester for each group, so that its acknowledgements come in order.
    private static async Task MoveAsync(CoordinatorClient client, string host, int group, int run)
    {
        var random = new Random((run * Groups) + group);
        for (var number = 0; ; number++)
            await ChangeAsync(client, new OwnerChange($"{run}-{group}-{number}", host, group, new OwnerTag(random.Next(Tenants + 1))));
    }

    private static async Task ChangeAsync(CoordinatorClient client, OwnerChange change)
    {
        Say(new KillLine(KillLine.Ask, change.Id, change.Group, change.ToTenant.Value, 0));
        var outcome = await client.ChangeAsync(change);
        var word = outcome.Result == ChangeResult.Completed ? KillLine.Completed : KillLine.Failed;
        Say(new KillLine(word, change.Id, change.Group, change.ToTenant.Value, outcome.Epoch.Value));
    }

    private static async Task WatchAsync(HostClient host)
    {
        while ((await host.GetStatisticsAsync()).Violations == 0)
            await Task.Delay(20);
        Say(new KillLine(KillLine.Early, "violation", -1, 0, 0));
    }

    internal static void Say(KillLine line)
    {
        lock (s_output)
        {
            Console.Out.WriteLine(line);
            Console.Out.Flush();
        }
    }
}
