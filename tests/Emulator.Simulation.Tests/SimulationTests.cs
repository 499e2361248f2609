using Akka.Actor;
using Emulator.Simulations.Tests.Actors;

namespace Emulator.Simulations.Tests;

public sealed class SimulationTests : IDisposable
{
    private readonly Simulation _simulation = Simulation.Create();

    public void Dispose() => _simulation.Dispose();

    [Fact]
    public void A_hundred_messages_are_a_hundred_steps()
    {
        _simulation.Begin(new RunPlan());
        var counter = _simulation.Start(Props.Create<CountingActor>(), "counter");
        _simulation.Drain();
        for (var i = 0; i < 100; i++)
            counter.Tell(i);
        Assert.Equal(100, _simulation.Drain());
        Assert.Equal(100, _simulation.Await(_simulation.Ask<int>(counter, "count")));
        _simulation.End();
    }

    [Fact]
    public void An_Ask_ends_at_its_virtual_time()
    {
        _simulation.Begin(new RunPlan());
        var asking = _simulation.Start(Props.Create<AskingActor>(TimeSpan.FromMilliseconds(200)), "asking");
        var ended = _simulation.Await(_simulation.Ask<string>(asking, "ask"));
        Assert.Equal(nameof(AskTimeoutException), ended);
        Assert.InRange(_simulation.Now, TimeSpan.FromMilliseconds(200), TimeSpan.FromMilliseconds(200.1));
        _simulation.End();
    }

    [Fact]
    public void A_time_provider_is_virtual_for_handlers_that_await()
    {
        _simulation.Begin(new RunPlan());
        var delaying = _simulation.Start(Props.Create<DelayingActor>(_simulation.Time), "delaying");
        Assert.Equal(_simulation.Time.GetUtcNow() + TimeSpan.FromMinutes(30), _simulation.Await(_simulation.Ask<DateTimeOffset>(delaying, TimeSpan.FromMinutes(30))), TimeSpan.FromMilliseconds(1));
        Assert.Throws<SimulationException>(() => _simulation.Begin(new RunPlan()));
        _simulation.End();
    }
}
