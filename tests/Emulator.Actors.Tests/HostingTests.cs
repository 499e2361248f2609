using Emulator.Actors.Devices;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Emulator.Actors.Ownership;
using Emulator.Actors.Tests.Flat;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Emulator.Actors.Tests;

public sealed class HostingTests
{
    public static TheoryData<string, Func<HostSpecification, HostSpecification>> OutsideLimits() => new()
    {
        { "host name", s => s with { Name = "a/b" } },
        { "0 devices", s => s with { Devices = 0 } },
        { "1025 devices", s => s with { Devices = 1025 } },
        { "0 tenants", s => s with { Tenants = 0 } },
        { "buffer size", s => s with { BufferSize = 3 << 20 } },
        { "IOVA base", s => s with { IovaBase = 0x1000 } },
        { "total DMAs", s => s with { Workload = new Workload { TotalDmas = -1 } } },
        { "read share", s => s with { Workload = new Workload { ReadShare = double.NaN } } },
        { "DMA length", s => s with { Workload = new Workload { Length = 100 } } },
        { "batch size", s => s with { Workload = new Workload { BatchSize = 257 } } },
        { "credits", s => s with { Workload = new Workload { Credits = 0 } } },
        { "device 9", s => s with { Workloads = new Dictionary<int, Workload> { [9] = new() } } },
    };

    [Fact]
    public async Task Several_hosts_run_side_by_side()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddEmulator([Specification("one"), Specification("two"), Specification("three")]);
        using var program = builder.Build();
        await program.StartAsync();
        var hosts = program.Services.GetRequiredService<EmulatedHosts>();
        Assert.Equal(["one", "two", "three"], hosts.Select(host => host.Specification.Name));
        foreach (var host in hosts)
            await host.WaitUntilStartedAsync();
        foreach (var host in hosts)
            host.StartWorkload();
        await Task.WhenAll(hosts.Select(host => host.ReassignAsync(1, HostSpecification.TenantTag(0))));
        await Task.WhenAll(hosts.Select(host => host.WaitForWorkloadAsync()));
        foreach (var host in hosts)
        {
            var statistics = await host.GetStatisticsAsync();
            Assert.Equal((80_000, 1, 0), (statistics.Dmas, statistics.Reassignments, statistics.Violations));
        }

        await program.StopAsync();
    }

    [Fact]
    public void Two_hosts_of_one_name_are_refused()
    {
        var services = new ServiceCollection();
        Assert.Throws<ArgumentException>(() => services.AddEmulator([Specification("same"), Specification("same")]));
    }

    [Theory]
    [MemberData(nameof(OutsideLimits))]
    public void A_value_outside_its_limits_is_named(string named, Func<HostSpecification, HostSpecification> change)
    {
        var error = Assert.Throws<ArgumentException>(() => change(Specification("host")).Validate());
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private static HostSpecification Specification(string name) => new()
    {
        Name = name,
        Room = FlatRoom.Room,
        Strategy = BlockingStrategy.Empty,
        BufferSize = 1 << 20,
        Workload = new Workload { TotalDmas = 20_000 },
    };
}
