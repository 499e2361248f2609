using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Timing;

public sealed class TimelineTests
{
    private readonly Timeline _timeline = new();
    private readonly List<string> _acts = [];

    [Fact]
    public void Acts_come_in_the_order_of_their_times_and_at_the_same_time_in_that_of_addition()
    {
        foreach (var (name, at) in (ReadOnlySpan<(string, long)>)[("a", 30), ("b", 10), ("c", 20), ("d", 10), ("e", 10)])
            _timeline.Add(new Agent(_acts, name), at);
        Assert.Equal(10, _timeline.NextAct);
        _timeline.AdvanceTo(100);
        Assert.Equal(["b 10", "d 10", "e 10", "c 20", "a 30"], _acts);
        Assert.Equal((100L, VirtualTime.Never), (_timeline.Now, _timeline.NextAct));
    }

    [Fact]
    public void What_is_due_at_the_end_waits_for_the_next_advance()
    {
        _timeline.Add(new Agent(_acts, "a", period: 10), 0);
        _timeline.AdvanceTo(20);
        Assert.Equal(["a 0", "a 10"], _acts);
        _timeline.AdvanceTo(5);
        Assert.Equal((20L, 2), (_timeline.Now, _acts.Count));
        _timeline.AdvanceTo(21);
        Assert.Equal(["a 0", "a 10", "a 20"], _acts);
    }

    [Fact]
    public void Until_all_wait_time_ends_with_the_last_act()
    {
        _timeline.Add(new Agent(_acts, "a"), 7);
        _timeline.AdvanceTo(VirtualTime.Never);
        Assert.Equal((7L, 1), (_timeline.Now, _acts.Count));
    }

    [Fact]
    public void A_timeline_without_agents_only_moves()
    {
        Assert.Equal(VirtualTime.Never, _timeline.NextAct);
        _timeline.AdvanceTo(5);
        Assert.Equal(5, _timeline.Now);
    }

    [Fact]
    public void A_wake_brings_an_act_forward_never_back_and_never_into_the_past()
    {
        var agent = new Agent(_acts, "a");
        _timeline.Add(agent, 50);
        _timeline.Wake(agent, 60);
        Assert.Equal(50, _timeline.NextAct);
        _timeline.Wake(agent, 40);
        Assert.Equal(40, _timeline.NextAct);
        _timeline.AdvanceTo(30);
        _timeline.Wake(agent, 10);
        Assert.Equal(30, _timeline.NextAct);
        _timeline.AdvanceTo(100);
        Assert.Equal(["a 30"], _acts);
    }

    [Fact]
    public void An_agent_may_go_on_until_somebody_else_wants_to_act()
    {
        var limits = new List<long>();
        _timeline.Add(new Agent(_acts, "a") { OnAct = (timeline, _) => limits.Add(timeline.Limit) }, 10);
        _timeline.Add(new Agent(_acts, "b"), 30);
        _timeline.Add(new Agent(_acts, "c"), 40);
        _timeline.AdvanceTo(20);
        _timeline.Add(new Agent(_acts, "d") { OnAct = (timeline, _) => limits.Add(timeline.Limit) }, 25);
        _timeline.AdvanceTo(100);
        Assert.Equal([20, 30], limits);
    }

    [Fact]
    public void Whom_an_act_wakes_lowers_its_limit_and_comes_next()
    {
        var woken = new Agent(_acts, "woken");
        long[] limits = [0, 0];
        _timeline.Add(woken, VirtualTime.Never);
        _timeline.Add(
            new Agent(_acts, "waker")
            {
                OnAct = (timeline, agent) =>
                {
                    limits[0] = timeline.Limit;
                    timeline.Wake(woken, 12);
                    limits[1] = timeline.Limit;
                    agent.MoveTo(13);
                    agent.OnAct = null;
                },
            },
            10);
        _timeline.AdvanceTo(100);
        Assert.Equal([100, 12], limits);
        Assert.Equal(["waker 10", "woken 12", "waker 13"], _acts);
    }

    [Fact]
    public void Agents_may_be_added_while_others_act()
    {
        _timeline.Add(
            new Agent(_acts, "a")
            {
                OnAct = (timeline, _) =>
                {
                    for (var i = 0; i < 5; i++)
                        timeline.Add(new Agent(_acts, $"b{i}"), 20 - i);
                },
            },
            10);
        _timeline.AdvanceTo(100);
        Assert.Equal(["a 10", "b4 16", "b3 17", "b2 18", "b1 19", "b0 20"], _acts);
    }

    [Fact]
    public void A_silent_agent_acts_no_more()
    {
        var agent = new Agent(_acts, "a");
        _timeline.Add(agent, 10);
        _timeline.Silence(agent);
        _timeline.Wake(agent, 5);
        _timeline.AdvanceTo(100);
        Assert.Empty(_acts);
    }

    [Fact]
    public void After_an_act_that_throws_time_can_go_on()
    {
        _timeline.Add(new Agent(_acts, "a", period: 10) { OnAct = (_, agent) => { agent.OnAct = null; throw new InvalidOperationException(); } }, 0);
        Assert.Throws<InvalidOperationException>(() => _timeline.AdvanceTo(15));
        Assert.Equal((0L, 10L), (_timeline.Now, _timeline.NextAct));
        _timeline.AdvanceTo(15);
        Assert.Equal(["a 0", "a 10"], _acts);
    }

    [Fact]
    public void An_agent_is_on_one_timeline()
    {
        var agent = new Agent(_acts, "a");
        _timeline.Add(agent, 10);
        Assert.Throws<ArgumentException>(() => _timeline.Add(agent, 10));
        Assert.Throws<ArgumentException>(() => new Timeline().Add(agent, 10));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(17)]
    public void Any_number_of_agents_act_as_sorted(int agents)
    {
        var expected = new List<(long At, int Index)>();
        for (var i = 0; i < agents; i++)
        {
            var period = 3 + (i * 7 % 11);
            _timeline.Add(new Agent(_acts, $"{i}", period), i);
            for (long at = i; at < 200; at += period)
                expected.Add((at, i));
        }

        _timeline.AdvanceTo(200);
        Assert.Equal(expected.Order().Select(act => $"{act.Index} {act.At}"), _acts);
    }

    private sealed class Agent(List<string> acts, string name, long period = 0) : TimelineAgent
    {
        public Action<Timeline, Agent>? OnAct { get; set; }

        public void MoveTo(long at) => Next = at;

        protected override void Act(Timeline timeline)
        {
            Assert.Equal(Next, timeline.Now);
            acts.Add($"{name} {Next}");
            Next = period == 0 ? VirtualTime.Never : Next + period;
            OnAct?.Invoke(timeline, this);
        }
    }
}
