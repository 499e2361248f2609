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

    [Fact]
    public void An_actor_that_sends_from_another_thread_is_reported()
    {
        _simulation.Begin(new RunPlan());
        _simulation.Start(Props.Create<StrayingActor>(), "straying").Tell(1);
        _simulation.Drain();
        Assert.Contains("run/straying", Assert.Throws<SimulationException>(() => _simulation.End()).Message, StringComparison.Ordinal);
        Assert.Throws<SimulationException>(() => _simulation.Begin(new RunPlan()));
    }

    [Fact]
    public void An_actor_that_waits_for_what_no_step_brings_is_reported()
    {
        _simulation.Begin(new RunPlan());
        _simulation.Start(Props.Create<StrayingActor>(), "straying").Tell(true);
        _simulation.Drain();
        Assert.EndsWith(": straying", Assert.Throws<SimulationException>(() => _simulation.End()).Message, StringComparison.Ordinal);
        _simulation.Begin(new RunPlan());
        Assert.Equal(0, _simulation.End().Steps);
    }

    [Fact]
    public void An_answer_that_never_comes_ends_the_wait()
    {
        _simulation.Begin(new RunPlan());
        var counter = _simulation.Start(Props.Create<CountingActor>(), "counter");
        Assert.Contains("nothing is left to do", Assert.Throws<SimulationException>(() => _simulation.Await(_simulation.Ask<int>(counter, 1))).Message, StringComparison.Ordinal);
        Assert.False(_simulation.Step());
        _simulation.End();
        Assert.Throws<SimulationException>(() => _simulation.End());
        Assert.Throws<SimulationException>(() => _simulation.Start(Props.Create<CountingActor>(), "late"));
    }

    [Fact]
    public void A_thread_pool_dispatcher_of_the_actors_is_the_seeded_one()
    {
        _simulation.Begin(new RunPlan());
        foreach (var path in new[] { "emulator.pinned-dispatcher", "emulator.host-dispatcher", "akka.actor.default-dispatcher" })
        {
            var counter = _simulation.Start(Props.Create<CountingActor>().WithDispatcher(path), path);
            Assert.Equal(0, _simulation.Await(_simulation.Ask<int>(counter, "count")));
        }

        var looked = 0L;
        _simulation.AfterStep = simulation => looked = simulation.Steps;
        Assert.Equal(1, _simulation.Await(Tell(_simulation.Start(Props.Create<CountingActor>(), "again"))));
        Assert.Equal(_simulation.Steps, looked);
        _simulation.End();
    }

    private Task<int> Tell(IActorRef counter)
    {
        counter.Tell(1);
        return _simulation.Ask<int>(counter, "count");
    }
}
