using Emulator.Actors.Faults;
using Emulator.Simulations.Faults;

namespace Emulator.Simulations.Exploration;

/// <summary>The faults of messages in a run of an experiment, and what crashes and slowness of actors do to messages.</summary>
internal sealed class StruckMessages(Simulation simulation, IMessageFaults faults) : IMessageFaults
{
    private readonly HashSet<string> _crashed = [];
    private readonly Dictionary<string, TimeSpan> _slowUntil = [];

    /// <summary>Whether messages are struck: not while a host comes up.</summary>
    public bool IsStriking { get; set; }

    /// <summary>How often each fault of messages struck.</summary>
    public Dictionary<FaultKind, int> Struck { get; } = [];

    /// <summary>The next message to an actor is lost in its crash.</summary>
    public void Crash(string actor) => _crashed.Add(actor);

    /// <summary>Messages to an actor wait until some time from now.</summary>
    public void Slow(string actor, TimeSpan duration) => _slowUntil[actor] = simulation.Now + duration;

    /// <inheritdoc/>
    public MessageFault Decide(string sender, string receiver, object message, int nth)
    {
        if (!IsStriking || !FaultScope.Concerns(message))
            return default;
        if (_crashed.Remove(receiver))
            return new MessageFault(MessageFaultKind.Drop);
        if (_slowUntil.TryGetValue(receiver, out var until) && until > simulation.Now)
            return new MessageFault(MessageFaultKind.DelayInOrder, until - simulation.Now);
        var fault = faults.Decide(sender, receiver, message, nth);
        if (fault.Kind != MessageFaultKind.None)
            Struck[KindOf(fault.Kind)] = Struck.GetValueOrDefault(KindOf(fault.Kind)) + 1;
        return fault;
    }

    private static FaultKind KindOf(MessageFaultKind kind) => kind switch
    {
        MessageFaultKind.Drop => FaultKind.MessageLost,
        MessageFaultKind.Duplicate => FaultKind.MessageDuplicated,
        MessageFaultKind.Delay => FaultKind.MessageReordered,
        _ => FaultKind.MessageLate,
    };
}
