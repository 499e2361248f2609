namespace Emulator.Simulations.Faults;

/// <summary>What happens to one message.</summary>
/// <param name="Kind">What.</param>
/// <param name="Delay">How late it, or its duplicate, arrives, in virtual time.</param>
public readonly record struct MessageFault(MessageFaultKind Kind, TimeSpan Delay = default);
