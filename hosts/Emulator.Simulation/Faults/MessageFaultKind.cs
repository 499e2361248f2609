namespace Emulator.Simulations.Faults;

/// <summary>What can happen to a message between two actors.</summary>
public enum MessageFaultKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It never arrives.</summary>
    Drop,

    /// <summary>It arrives, and once more after the delay.</summary>
    Duplicate,

    /// <summary>It arrives after the delay; later ones of the same sender overtake it.</summary>
    Delay,

    /// <summary>It arrives after the delay, and later ones of the same sender wait behind it.</summary>
    DelayInOrder,
}
