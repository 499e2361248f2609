using Emulator.Hardware.Timing;

namespace Emulator.Hardware.Tests.Devices;

/// <summary>The order in which agents act.</summary>
public class TimelineTests
{
    private readonly Timeline _timeline = new();
    private readonly List<(string Agent, long Time)> _acts = [];

    [Fact]
    public void Agents_act_in_the_order_of_their_times_and_of_their_addition_where_these_are_equal()
    {
        Add("a", 20, 30);
        Add("b", 10, 20, 30);
        Add("c", 20);
        _timeline.AdvanceTo(100);
        Assert.Equal([("b", 10), ("a", 20), ("b", 20), ("c", 20), ("a", 30), ("b", 30)], _acts);
        Assert.Equal((100L, VirtualTime.Never), (_timeline.Now, _timeline.NextAct));
    }

    [Fact]
    public void Nothing_that_is_due_at_the_end_takes_place()
    {
        Add("a", 10, 20);
        _timeline.AdvanceTo(20);
        Assert.Equal([("a", 10)], _acts);
        Assert.Equal((20L, 20L), (_timeline.Now, _timeline.NextAct));
        _timeline.AdvanceTo(5);
        Assert.Equal(20, _timeline.Now);
    }

    [Fact]
    public void An_agent_that_waits_is_woken_and_never_later_than_it_would_have_acted()
    {
        var waiting = Add("waiting");
        var early = Add("early", 10);
        _timeline.Wake(waiting, 40);
        _timeline.Wake(early, 30);
        _timeline.AdvanceTo(35);
        Assert.Equal([("early", 10)], _acts);
        _timeline.Wake(waiting, 0);
        Assert.Equal(35, _timeline.NextAct);
        _timeline.AdvanceTo(36);
        Assert.Equal(("waiting", 35L), _acts[^1]);
    }

    [Fact]
    public void Whom_an_act_wakes_comes_before_the_agent_goes_on()
    {
        var woken = Add("woken");
        var agent = Add("agent", 10, 20, 30);
        agent.Acting = now => _timeline.Wake(woken, now + 5);
        _timeline.AdvanceTo(100);
        Assert.Equal([("agent", 10), ("woken", 15), ("agent", 20), ("woken", 25), ("agent", 30), ("woken", 35)], _acts);
    }

    [Fact]
    public void A_silenced_agent_acts_no_more_and_cannot_be_woken()
    {
        var silent = Add("silent", 10, 20, 30);
        Add("other", 15).Acting = _ => _timeline.Silence(silent);
        _timeline.AdvanceTo(100);
        _timeline.Wake(silent, 110);
        _timeline.AdvanceTo(200);
        Assert.Equal([("silent", 10), ("other", 15)], _acts);
    }

    [Fact]
    public void An_agent_joins_one_timeline_once_and_time_without_agents_passes()
    {
        _timeline.AdvanceTo(7);
        var agent = Add("a", 8);
        Assert.Throws<ArgumentException>(() => _timeline.Add(agent, 9));
        Assert.Throws<ArgumentException>(() => new Timeline().Add(agent, 9));
        Assert.Equal(8, _timeline.NextAct);
    }

    [Fact]
    public void Many_agents_keep_their_order()
    {
        for (var i = 0; i < 37; i++)
            Add($"{i}", (i * 17 % 37) + 1, 100 + (i * 5 % 37));
        _timeline.AdvanceTo(1000);
        Assert.Equal(74, _acts.Count);
        Assert.Equal(_acts.Select(act => act.Time).Order(), _acts.Select(act => act.Time));
    }

    private Agent Add(string name, params long[] times)
    {
        var agent = new Agent(name, times, _acts);
        _timeline.Add(agent, times.Length > 0 ? times[0] : VirtualTime.Never);
        return agent;
    }

    private sealed class Agent(string name, long[] times, List<(string Agent, long Time)> acts) : TimelineAgent
    {
        private int _next = 1;

        public Action<long>? Acting { get; set; }

        protected override void Act(Timeline timeline)
        {
            do
            {
                var now = Next;
                acts.Add((name, now));
                Next = _next < times.Length ? times[_next++] : VirtualTime.Never;
                Acting?.Invoke(now);
            }
            while (Next < timeline.Limit);
        }
    }
}
