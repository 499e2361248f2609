using System.Numerics;

namespace Emulator.Hardware.Timing;

/// <summary>
/// The virtual time of a host: lets agents act in the order of their times, and in that of their addition where times are equal. The same agents do the same on every run; nothing here looks
/// at a clock.
/// </summary>
/// <remarks>A tournament of the agents' times, so an act costs the logarithm of their number. Not for several threads at once.</remarks>
public sealed class Timeline
{
    private readonly List<TimelineAgent> _agents = [];
    private long[] _next = [];
    private int[] _winners = [];
    private int _leaves;
    private bool _isActing;

    /// <summary>How far time has come: every act before it has taken place.</summary>
    public long Now { get; private set; }

    /// <summary>While an agent acts: the time up to which nobody else wants to.</summary>
    public long Limit { get; private set; }

    /// <summary>When the next act is due; <see cref="VirtualTime.Never"/> when all agents wait.</summary>
    public long NextAct => _leaves == 0 ? VirtualTime.Never : _next[_winners[1]];

    /// <summary>Adds an agent.</summary>
    /// <param name="agent">An agent of no timeline.</param>
    /// <param name="at">When it acts first; not before <see cref="Now"/>.</param>
    /// <exception cref="ArgumentException">It is on a timeline.</exception>
    public void Add(TimelineAgent agent, long at)
    {
        ArgumentNullException.ThrowIfNull(agent);
        if (agent.Index >= 0)
            throw new ArgumentException("the agent is on a timeline", nameof(agent));
        agent.Index = _agents.Count;
        agent.Next = VirtualTime.Never;
        _agents.Add(agent);
        if (_agents.Count > _leaves)
            Grow();
        Wake(agent, at);
    }

    /// <summary>Has an agent act at a time, or earlier if it would anyhow. An agent that is acting moves its own <see cref="TimelineAgent.Next"/> instead.</summary>
    /// <param name="agent">An agent of this timeline.</param>
    /// <param name="at">The time; one that is past means now.</param>
    public void Wake(TimelineAgent agent, long at)
    {
        ArgumentNullException.ThrowIfNull(agent);
        at = Math.Max(at, Now);
        if (at >= agent.Next || agent.IsSilent)
            return;
        agent.Next = at;
        Update(agent);
        if (_isActing && at < Limit)
            Limit = at;
    }

    /// <summary>Has an agent act no more, now or later.</summary>
    public void Silence(TimelineAgent agent)
    {
        ArgumentNullException.ThrowIfNull(agent);
        agent.IsSilent = true;
        agent.Next = VirtualTime.Never;
        Update(agent);
    }

    /// <summary>Lets everything take place that is due before a time, and moves <see cref="Now"/> there.</summary>
    /// <param name="until">The time; nothing happens when it is past.</param>
    public void AdvanceTo(long until)
    {
        while (NextAct < until)
        {
            var winner = _winners[1];
            var agent = _agents[winner];
            Limit = until;
            for (var node = _leaves + winner; node > 1; node >>= 1)
                Limit = Math.Min(Limit, _next[_winners[node ^ 1]]);
            Now = agent.Next;
            // Not woken by itself: its own time is its own affair until it has acted.
            _next[winner] = VirtualTime.Never;
            _isActing = true;
            try
            {
                agent.Act(this);
            }
            finally
            {
                _isActing = false;
                Update(agent);
            }
        }

        if (until > Now && until != VirtualTime.Never)
            Now = until;
    }

    private void Update(TimelineAgent agent)
    {
        _next[agent.Index] = agent.Next;
        for (var node = (_leaves + agent.Index) >> 1; node >= 1; node >>= 1)
        {
            var (left, right) = (_winners[2 * node], _winners[(2 * node) + 1]);
            _winners[node] = _next[right] < _next[left] ? right : left;
        }
    }

    // The places without an agent never act.
    private void Grow()
    {
        _leaves = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(2, _agents.Count));
        Array.Resize(ref _next, _leaves);
        Array.Fill(_next, VirtualTime.Never, _agents.Count - 1, _leaves - _agents.Count + 1);
        _winners = new int[2 * _leaves];
        for (var leaf = 0; leaf < _leaves; leaf++)
            _winners[_leaves + leaf] = leaf;
        for (var node = _leaves - 1; node >= 1; node--)
            _winners[node] = _next[_winners[(2 * node) + 1]] < _next[_winners[2 * node]] ? _winners[(2 * node) + 1] : _winners[2 * node];
    }
}
