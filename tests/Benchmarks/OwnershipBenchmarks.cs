using Akka.Actor;
using BenchmarkDotNet.Attributes;
using Emulator.Actors.Coordination;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Iommus;
using Microsoft.Data.Sqlite;
using static Emulator.Actors.Coordination.CoordinationMessages;

namespace Emulator.Benchmarks;

/// <summary>A change of owner on idle hosts: the bare driver steps, one change after another through a host's actors, and many at once through the coordinator with its
/// journal in a file. Times are per change; the ratio to the bare steps is in the table.</summary>
[MemoryDiagnoser]
[BenchmarkCategory("ownership")]
public class OwnershipBenchmarks
{
    private const int Hosts = 10;
    private const int GroupsPerHost = 1000;
    private const int Changes = Hosts * GroupsPerHost;
    private const int InTurn = 1000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("emulator-benchmark-");
    private ActorSystem _system = null!;
    private HostClient _alone = null!;
    private CoordinatorClient _coordinator = null!;
    private Platform _platform = null!;
    private IommuDomain[] _domains = [];
    private int _round;

    [GlobalSetup]
    public async Task Setup()
    {
        var journal = CoordinatorJournal.Sqlite(Path.Combine(_folder.FullName, "ownership.db"));
        _system = ActorSystem.Create("benchmark", journal.Open().WithFallback(EmulatorHostingExtensions.Configuration()));
        HostClient[] hosts = [.. Enumerable.Range(0, Hosts).Select(host => Start($"host-{host}", GroupsPerHost, StartsWith.Blocked))];
        _alone = Start("alone", 2, StartsWith.FirstTenants);
        await _alone.WaitUntilStartedAsync();
        var options = new CoordinatorOptions { Journal = journal, AskTimeout = TimeSpan.FromMinutes(1) };
        _coordinator = new CoordinatorClient(EmulatorHostingExtensions.StartCoordinator(_system, options, hosts), options.AskTimeout);
        while ((await _coordinator.GetOwnersAsync()) is not { Count: Changes } owners || !owners.All(owner => owner.InForce))
            await Task.Delay(10);
        SetupBare();
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _system.Terminate();
        _platform.Dispose();
        SqliteConnection.ClearAllPools();
        _folder.Delete(recursive: true);
    }

    [Benchmark(Baseline = true, Description = "bare driver steps of a change", OperationsPerInvoke = InTurn)]
    public void Bare()
    {
        var device = _platform.Device(0);
        for (var change = 0; change < InTurn; change++)
        {
            _platform.Bus.Run(_platform.Driver.Attach(_domains[2], device));
            _platform.Bus.Run(_platform.Driver.Attach(_domains[change % 2], device));
        }
    }

    [Benchmark(Description = "one after another, through a host", OperationsPerInvoke = InTurn)]
    public async Task OneAfterAnother()
    {
        for (var change = 0; change < InTurn; change++)
            await _alone.ReassignAsync(0, HostSpecification.TenantTag(change % 2));
    }

    [Benchmark(Description = "10,000 at once, through the coordinator", OperationsPerInvoke = Changes)]
    public Task ManyAtOnce()
    {
        var tenant = HostSpecification.TenantTag(++_round % 2);
        return _coordinator.ChangeAsync([.. Enumerable.Range(0, Changes).Select(change =>
            new OwnerChange($"{_round}-{change}", $"host-{change % Hosts}", change / Hosts, tenant))]);
    }

    private void SetupBare()
    {
        _platform = IommuCatalog.Find("arm-smmu-v3")!.Create(new PlatformOptions { Devices = 1 });
        var device = _platform.Device(0);
        _platform.Bus.Run(_platform.Driver.Probe());
        _platform.Bus.Run(_platform.Driver.ProbeDevice(device));
        _domains = [.. Enumerable.Range(0, 3).Select(_ => _platform.Driver.AllocateDomain(DomainType.Unmanaged))];
        foreach (var domain in _domains)
            _platform.Driver.Finalise(domain, device);
    }

    private HostClient Start(string name, int devices, StartsWith start)
    {
        var host = EmulatedHost.Create(new HostSpecification
        {
            Name = name,
            Room = IommuCatalog.Find("arm-smmu-v3")!,
            Devices = devices,
            Start = start,
            BufferSize = 64 << 10,
        });
        _system.RegisterOnTermination(host.Dispose);
        return EmulatorHostingExtensions.Start(_system, host, index: int.MaxValue, new EmulatorOptions { PinnedTranslationActors = 0 });
    }
}
