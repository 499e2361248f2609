namespace Emulator.Actors.Isolation;

/// <summary>How a DMA landed where its device had no right to; a violation is of exactly one kind, the first that fits in this order: <see cref="Identity"/>, <see cref="FreedMemory"/>,
/// <see cref="WhileBlocked"/>, <see cref="OldDomain"/>, <see cref="ForeignMemory"/>.</summary>
[Flags]
public enum ViolationKinds
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>It reached memory of somebody that its group has never belonged to.</summary>
    ForeignMemory = 1,

    /// <summary>It reached memory that was freed and given to somebody else.</summary>
    FreedMemory = 2,

    /// <summary>It completed while nothing was granted to its group.</summary>
    WhileBlocked = 4,

    /// <summary>It reached memory of an earlier owner of its group after the group had left it.</summary>
    OldDomain = 8,

    /// <summary>It landed at the address that it was sent to: it passed untranslated.</summary>
    Identity = 16,
}
