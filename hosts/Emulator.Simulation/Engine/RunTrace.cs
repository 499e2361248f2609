using Akka.Actor;

namespace Emulator.Simulations.Engine;

/// <summary>What a run has been so far: its hash, its choices, its log.</summary>
internal sealed class RunTrace(bool keepLog)
{
    private readonly List<LogEntry> _log = [];

    public ulong Hash { get; private set; }

    public Dictionary<long, int> Choices { get; } = new(256);

    public IReadOnlyList<LogEntry> Log => _log;

    /// <summary>Adds a step.</summary>
    /// <param name="step">Its number.</param>
    /// <param name="at">Virtual time.</param>
    /// <param name="receiver">Who took it.</param>
    /// <param name="received">The message, if there was one.</param>
    public void Add(long step, TimeSpan at, ActorName receiver, in Envelope? received)
    {
        var sender = received is { } envelope ? ActorName.Of(envelope.Sender) : ActorName.None;
        var message = received?.Message;
        var content = message == null ? 0 : TypeHash(message.GetType());
        Hash = SplitMix64.Mix(SplitMix64.Mix(Hash ^ receiver.Hash) + SplitMix64.Mix(sender.Hash ^ content) + (ulong)at.Ticks);
        if (keepLog)
            _log.Add(new LogEntry(step, at, receiver.Text, sender.Text, message == null ? "" : ActorName.Describe(message)));
    }

    private static ulong TypeHash(Type type)
    {
        s_types ??= [];
        if (!s_types.TryGetValue(type, out var hash))
            s_types[type] = hash = StableHash.Of(type.ToString());
        return hash;
    }

    [ThreadStatic]
    private static Dictionary<Type, ulong>? s_types;
}
