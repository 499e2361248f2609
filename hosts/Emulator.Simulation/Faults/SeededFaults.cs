namespace Emulator.Simulations.Faults;

/// <summary>Faults from a seed: each message's fate depends on the seed, its pair of actors and its number among theirs, and on nothing else.</summary>
public sealed record SeededFaults : IMessageFaults
{
    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The part of messages that are dropped, 0 to 1; with the other three at most 1 in all.</summary>
    public double Drop { get; init; }

    /// <summary>The part that arrives twice.</summary>
    public double Duplicate { get; init; }

    /// <summary>The part that is delayed and overtaken.</summary>
    public double Delay { get; init; }

    /// <summary>The part that is delayed and holds up those behind it.</summary>
    public double DelayInOrder { get; init; }

    /// <summary>The longest delay; each is uniform up to it.</summary>
    public TimeSpan LongestDelay { get; init; } = TimeSpan.FromMicroseconds(100);

    /// <summary>Which messages may meet a fault; null for all.</summary>
    public Func<object, bool>? Concerns { get; init; }

    /// <inheritdoc/>
    public MessageFault Decide(string sender, string receiver, object message, int nth)
    {
        if (Concerns != null && !Concerns(message))
            return default;
        var random = SplitMix64.Stream(Seed ^ StableHash.Of(sender), SplitMix64.Mix(StableHash.Of(receiver)) + (ulong)nth);
        var draw = random.NextDouble();
        var kind =
            (draw -= Drop) < 0 ? MessageFaultKind.Drop :
            (draw -= Duplicate) < 0 ? MessageFaultKind.Duplicate :
            (draw -= Delay) < 0 ? MessageFaultKind.Delay :
            draw - DelayInOrder < 0 ? MessageFaultKind.DelayInOrder : MessageFaultKind.None;
        return kind is MessageFaultKind.None or MessageFaultKind.Drop ? new MessageFault(kind) : new MessageFault(kind, random.NextDouble() * LongestDelay);
    }
}
