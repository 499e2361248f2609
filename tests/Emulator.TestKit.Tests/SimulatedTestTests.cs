using Akka.Actor;
using Emulator.Simulations;

namespace Emulator.TestKit.Tests;

public sealed class SimulatedTestTests : SimulatedTest
{
    [Fact]
    public void A_condition_is_waited_for_in_virtual_time_and_one_that_never_holds_is_named()
    {
        var begun = Time.GetUtcNow();
        Simulation.System.Scheduler.ScheduleTellOnce(TimeSpan.FromHours(1), Start(Props.Create<EchoActor>(), "echo"), "late", ActorRefs.NoSender);
        DrainUntil(() => Time.GetUtcNow() >= begun + TimeSpan.FromHours(1), within: TimeSpan.FromHours(2));
        var never = 0;
        Failing.Says(() => DrainUntil(() => never > 0), "expected () => never > 0, but it does not hold after ");
    }

    [Fact]
    public void Time_goes_by_as_long_as_it_is_told_to_whether_anything_happens_or_not()
    {
        var begun = Time.GetUtcNow();
        Advance(TimeSpan.FromDays(40));
        Assert.Equal(begun + TimeSpan.FromDays(40), Time.GetUtcNow(), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void An_answer_is_waited_for_and_one_that_never_comes_ends_the_wait()
    {
        var echo = Start(Props.Create<EchoActor>(), "echo");
        Assert.Equal("hello", Ask<string>(echo, "hello"));
        Assert.Throws<SimulationException>(() => Ask<string>(echo, 1));
    }

    [Fact]
    public void Each_seed_is_a_run_and_the_one_that_fails_is_named()
    {
        var runs = 0;
        EachSeed(5, () =>
        {
            runs++;
            Assert.Equal("hello", Ask<string>(Start(Props.Create<EchoActor>(), "echo"), "hello"));
        });
        Assert.Equal(5, runs);
        Failing.Says(() => EachSeed(5, () => Assert.True(runs++ < 7, "2 is enough")), "seed 2: 2 is enough");
        Assert.NotNull(End());
        Assert.Null(End());
    }
}
