using Emulator.Actors.Coordination;
using Emulator.Actors.Hosting;
using Emulator.Actors.Hosts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Emulator.Actors.Tests.Coordination;

/// <summary>A program with one host under a coordinator.</summary>
internal sealed class CoordinatedProgram : IAsyncDisposable
{
    private readonly IHost _program;

    private CoordinatedProgram(IHost program) => _program = program;

    public CoordinatorClient Coordinator => _program.Services.GetRequiredService<CoordinatorClient>();

    public HostClient Host => _program.Services.GetRequiredService<EmulatedHosts>()[0];

    public static async Task<CoordinatedProgram> StartAsync(HostSpecification host, CoordinatorOptions options, LoggedErrors log)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddEmulator([host]).AddOwnershipCoordinator(options);
        var program = builder.Build();
        await program.StartAsync();
        return new CoordinatedProgram(program);
    }

    public async Task UntilAsync(Predicate<IReadOnlyList<CoordinationMessages.GroupOwner>> holds)
    {
        for (var patience = 2000; !holds(await Coordinator.GetOwnersAsync()); patience--)
        {
            Assert.True(patience > 0, "the owners are not as awaited");
            await Task.Delay(10);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _program.StopAsync();
        _program.Dispose();
    }
}
