using Akka.Actor;
using Akka.Configuration;
using Akka.TestKit.Xunit2;
using Emulator.Actors.Devices;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Tests.Flat;
using Emulator.Hardware.Memory;

namespace Emulator.Actors.Tests;

/// <summary>Runs an emulated host with the flat IOMMU.</summary>
public abstract class HostTest : TestKit
{
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    protected static readonly OwnerTag A = HostSpecification.TenantTag(0);
    protected static readonly OwnerTag B = HostSpecification.TenantTag(1);

    private static int s_hosts;

    protected HostTest()
        : base(ConfigurationFactory.ParseString("akka.loglevel = ERROR\nakka.test.default-timeout = 20s\nakka.test.single-expect-default = 20s").WithFallback(EmulatorHostingExtensions.Configuration()))
    {
    }

    internal EmulatedHost Emulated { get; private set; } = null!;

    protected HostClient Host { get; private set; } = null!;

    protected PhysicalMemory Memory => Emulated.Platform.Memory;

    protected static HostSpecification Specification(BlockingStrategy strategy = BlockingStrategy.Native, string variant = FlatRoom.Sound) => new()
    {
        Name = $"host-{Interlocked.Increment(ref s_hosts)}",
        Room = FlatRoom.Room,
        Variant = variant,
        Strategy = strategy,
        Devices = 2,
        BufferSize = 1 << 20,
        Workload = new Workload { TotalDmas = 100_000 },
    };

    /// <summary>Starts a host and waits until its groups are attached to their first tenants.</summary>
    protected async Task Start(HostSpecification specification)
    {
        Launch(specification);
        await Host.WaitUntilStartedAsync();
    }

    protected void Launch(HostSpecification specification)
    {
        Emulated = Build(specification);
        Host = EmulatorHostingExtensions.Start(Sys, Emulated, 0, new EmulatorOptions { PinnedTranslationActors = 1, AskTimeout = Patience });
    }

    /// <summary>Builds a host whose memory is given back when no actor is left.</summary>
    internal EmulatedHost Build(HostSpecification specification)
    {
        var host = EmulatedHost.Create(specification);
        Sys.RegisterOnTermination(host.Dispose);
        return host;
    }

    protected void Hold(ulong gate) => Memory.Write64(gate, 1);

    protected void Release(ulong gate) => Memory.Write64(gate, 0);

    protected IActorRef Child(string name) =>
        Sys.ActorSelection(Host.Actor.Path / name).ResolveOne(Patience).GetAwaiter().GetResult();
}
