using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Emulator.Actors.Devices;
using Emulator.Actors.Faults;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Isolation;
using Emulator.Actors.Programming;
using Emulator.Hardware.Dma;
using Emulator.Hardware.Memory;
using Xunit;

namespace Emulator.TestKit;

/// <summary>A platform under test: a real host in the test's actor system, its devices and tenants by number. What it is asked for goes to the host's actors as messages; it has no
/// other way to the silicon.</summary>
public sealed class TestPlatform
{
    private readonly PlatformTest _test;
    private readonly EmulatedHost _host;

    internal TestPlatform(PlatformTest test, EmulatedHost host, HostClient client, IReadOnlyList<string> tenants)
    {
        _test = test;
        _host = host;
        Host = client;
        Devices = [.. host.Devices.Select((device, number) => new TestDevice(this, number, device.Name))];
        Tenants = [.. Enumerable.Range(0, Specification.Tenants).Select(number => new TestTenant(
            this, number, number < tenants.Count ? tenants[number] : Letters(number), new PhysicalAddress(host.TenantMemory(number))))];
    }

    /// <summary>The host, for what the kit has no word for.</summary>
    public HostClient Host { get; }

    /// <summary>What was asked for.</summary>
    public HostSpecification Specification => _host.Specification;

    /// <summary>The devices, by number.</summary>
    public IReadOnlyList<TestDevice> Devices { get; }

    /// <summary>The tenants, by number. Group g begins with tenant g modulo their number.</summary>
    public IReadOnlyList<TestTenant> Tenants { get; }

    /// <summary>Where each tenant's buffer begins in its domain. The frames of the same addresses are a bystander's.</summary>
    public ulong BufferIova => _host.Layout.IovaBase;

    internal TimeSpan Patience => _test.Patience;

    /// <summary>The device of a number.</summary>
    public TestDevice Device(int number) => Devices[number];

    /// <summary>The tenant of a number.</summary>
    public TestTenant Tenant(int number) => Tenants[number];

    /// <summary>The tenant of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public TestTenant Tenant(string name) =>
        Tenants.FirstOrDefault(tenant => tenant.Name == name)
        ?? throw new ArgumentException($"no tenant is called '{name}'; there are {string.Join(", ", Tenants.Select(tenant => tenant.Name))}", nameof(name));

    /// <summary>Moves a device, with its group, to a tenant, and waits until it is attached.</summary>
    public async Task Assign(TestDevice device, TestTenant tenant)
    {
        if (await Reassign(device, tenant) is HostMessages.ReassignmentFailed failed)
            Fail($"expected {device} to be assigned to {tenant}, but group {failed.Group} is {failed.State} in {failed.Epoch}: {failed.Reason}");
    }

    /// <summary>Moves a device to a tenant, and expects that this fails.</summary>
    /// <returns>Why, and where the group stood when it failed.</returns>
    public async Task<HostMessages.ReassignmentFailed> ExpectAssignFails(TestDevice device, TestTenant tenant)
    {
        var failed = await Reassign(device, tenant) as HostMessages.ReassignmentFailed;
        if (failed == null)
            Fail($"expected that {device} can't be assigned to {tenant}, but it is");
        return failed;
    }

    /// <summary>Blocks a device with its group, and waits until it is.</summary>
    public async Task Block(TestDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (await Ask<object>(Host.Actor, new HostMessages.BlockGroup(device.Group), $"{device} to be blocked") is HostMessages.ReassignmentFailed failed)
            Fail($"expected {device} to be blocked, but group {failed.Group} is {failed.State} in {failed.Epoch}: {failed.Reason}");
    }

    /// <summary>Lets something go wrong.</summary>
    public async Task Inject(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        if (await Ask<object>(Host.Actor, new FaultMessages.InjectFault(fault), $"the fault '{fault}' to be injected") is FaultMessages.FaultRefused refused)
            Fail($"expected the fault '{fault}' to be injected, but {refused.Reason}");
    }

    /// <summary>Makes an actor crash, and waits until it has been restarted and every group in doubt has been told.</summary>
    /// <param name="kind">Which kind of actor.</param>
    /// <param name="index">Which of that kind: the group, device or tenant; 0 where there is one.</param>
    public async Task Crash(ActorKind kind, int index = 0)
    {
        var count = kind switch { ActorKind.Group => Specification.Groups, ActorKind.Domain => Tenants.Count, ActorKind.Device => Devices.Count, _ => 1 };
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, count);
        var restarts = _host.Ownership.ActorRestarts;
        Host.Actor.Tell(new SupervisionMessages.CrashActor(kind, index), ActorRefs.NoSender);
        await Until(() => _host.Ownership.ActorRestarts > restarts, $"the {kind} actor {index} to be restarted");
    }

    /// <summary>The figures so far, with the first violations.</summary>
    public Task<HostStatistics> Statistics() => Ask<HostStatistics>(Host.Actor, new HostMessages.GetStatistics(), "statistics");

    /// <summary>A probe of the ownership of a device's group.</summary>
    public OwnershipProbe OwnershipOf(TestDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return new OwnershipProbe(this, device.Group, _test.CreateTestProbe());
    }

    /// <summary>A probe of a device's DMA.</summary>
    public DmaProbe DmaOf(TestDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var probe = _test.CreateTestProbe();
        _host.BatchObserver += batch =>
        {
            if (batch.Device == device.Number)
                probe.Ref.Tell(Outcomes(device, batch, faults: null), ActorRefs.NoSender);
        };
        return new DmaProbe(this, device, probe);
    }

    /// <summary>Runs the devices' workloads while something is done, and expects that the isolation check has found nothing in them. The workloads go on until then when they
    /// are those of <see cref="PlatformBuilder"/>. DMA over which an actor crashed is not checked.</summary>
    /// <param name="during">What is done.</param>
    public async Task NoDmaEscapes(Func<Task> during)
    {
        ArgumentNullException.ThrowIfNull(during);
        var before = await Statistics();
        var dmas = _host.Dma.Dmas;
        Host.StartWorkload();
        try
        {
            await Until(() => _host.Dma.Dmas > dmas, "the devices to send DMA");
            await during();
        }
        finally
        {
            Host.StopWorkload();
            await Ask<HostMessages.WorkloadFinished>(Host.Actor, new HostMessages.WaitForWorkload(), "the devices to stop");
        }

        var after = await Statistics();
        if (after.Violations == before.Violations)
            return;
        var escaped = after.FirstViolations.Skip(before.FirstViolations.Count).Take(5).Select(Describe);
        Fail($"expected that no DMA escapes, but {after.Violations - before.Violations} of {after.Dmas - before.Dmas} did:\n  {string.Join("\n  ", escaped)}");
    }

    /// <summary>Fails the test.</summary>
    [DoesNotReturn]
    internal static void Fail(string message) => Assert.Fail(message);

    /// <summary>Whose memory it is, in words.</summary>
    internal string NameOf(OwnerTag owner) => owner switch
    {
        _ when owner == OwnerTag.None => "nobody's memory",
        _ when owner == OwnerTag.Host => "memory of the host",
        _ when owner == EmulatedHost.Bystander => "memory of a bystander",
        _ when owner == FreedTables.NextUser => "memory that was freed and given to somebody else",
        _ => $"memory of {Tenants.FirstOrDefault(tenant => tenant.Tag == owner)?.ToString() ?? owner.ToString()}",
    };

    internal async Task<DmaOutcomes> Send(TestDevice device, IReadOnlyList<DmaRequest> requests)
    {
        var batch = await Ask<DmaBatch>(Host.Actor, new HostMessages.SendDma(device.Number, requests), $"an answer to the DMA of {device}");
        return Outcomes(device, batch, batch.Faults ?? []);
    }

    internal Task<T> AskDomain<T>(TestTenant tenant, object message, string what) =>
        Ask<T>(_test.Sys.ActorSelection(Host.Actor.Path / $"domain-{tenant.Number}"), message, $"{tenant} {what}");

    private Task<object> Reassign(TestDevice device, TestTenant tenant)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(tenant);
        return Ask<object>(Host.Actor, new HostMessages.Reassign(device.Group, tenant.Tag), $"{device} to be assigned to {tenant}");
    }

    private async Task<T> Ask<T>(ICanTell actor, object message, string what)
    {
        try
        {
            return await actor.Ask<T>(message, Patience);
        }
        catch (AskTimeoutException)
        {
            Fail($"expected {what}, but there was no answer for {Patience.TotalSeconds:0.###} s");
            throw;
        }
    }

    private async Task Until(Func<bool> condition, string what)
    {
        if (!await _test.AwaitConditionNoThrowAsync(() => Task.FromResult(condition()), Patience))
            Fail($"expected {what}, but nothing like it happened for {Patience.TotalSeconds:0.###} s");
    }

    private DmaOutcomes Outcomes(TestDevice device, DmaBatch batch, IReadOnlyList<FaultRecord>? faults)
    {
        var outcomes = new DmaOutcome[batch.Count];
        for (var i = 0; i < outcomes.Length; i++)
        {
            var completion = batch.Completions[i];
            var owner = completion.Status == DmaStatus.Completed ? _host.Platform.Memory.OwnerOf(completion.Address.Value) : OwnerTag.None;
            outcomes[i] = new DmaOutcome(device, batch.Requests[i], completion, owner, batch.CompletedIn, batch.CompletedUnder, batch.Lost);
        }

        return new DmaOutcomes(this, outcomes, faults);
    }

    private string Describe(IsolationViolation violation) =>
        $"{violation.Kind}: {Devices[violation.Device]} {violation.Access} at {violation.Iova} reached {violation.Landed}, {NameOf(violation.FrameOwner)}; "
        + $"granted {NameOf(violation.Granted)}, group {violation.Group} {violation.State} in {violation.Epoch}";

    // a to z, then aa and so on.
    private static string Letters(int number) => (number < 26 ? "" : Letters((number / 26) - 1)) + (char)('a' + (number % 26));
}
