namespace Emulator.Simulations.Faults;

/// <summary>A fault that a message of a run met.</summary>
/// <param name="Sender">Who sent it.</param>
/// <param name="Receiver">To whom.</param>
/// <param name="Nth">Which of the messages of this pair, from 0.</param>
/// <param name="Fault">What happened to it.</param>
public sealed record AppliedFault(string Sender, string Receiver, int Nth, MessageFault Fault)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Sender} > {Receiver} #{Nth}: {Fault.Kind}{(Fault.Delay == default ? "" : $" {Fault.Delay.TotalMilliseconds:0.###} ms")}";
}
