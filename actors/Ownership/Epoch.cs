namespace Emulator.Actors.Ownership;

/// <summary>The number of one tenure of a group: from the message that blocks it for a change to the next such message. It only grows.</summary>
/// <param name="Value">0 before the first change; at least 0.</param>
public readonly record struct Epoch(long Value) : IComparable<Epoch>
{
    /// <summary>Before the first change.</summary>
    public static Epoch None => default;

    /// <summary>The epoch of the next change.</summary>
    public Epoch Next => new(Value + 1);

    /// <inheritdoc/>
    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    /// <summary>Whether <paramref name="left"/> is older.</summary>
    public static bool operator <(Epoch left, Epoch right) => left.Value < right.Value;

    /// <summary>Whether <paramref name="left"/> is younger.</summary>
    public static bool operator >(Epoch left, Epoch right) => left.Value > right.Value;

    /// <summary>Whether <paramref name="left"/> is older or the same.</summary>
    public static bool operator <=(Epoch left, Epoch right) => left.Value <= right.Value;

    /// <summary>Whether <paramref name="left"/> is younger or the same.</summary>
    public static bool operator >=(Epoch left, Epoch right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => $"epoch {Value}";
}
