namespace Emulator.Simulations.Faults;

/// <summary>Decides what happens to messages. Without state: the same question has the same answer, in whatever order questions come.</summary>
/// <remarks>It is asked for every message from an actor to an actor. Those that the actor system guarantees or makes itself never meet a fault: system messages, those without a sender, timers, answers to an Ask.</remarks>
public interface IMessageFaults
{
    /// <summary>Decides.</summary>
    /// <param name="sender">The sender's path below the run, such as <c>host-0/group-1</c>.</param>
    /// <param name="receiver">The receiver's.</param>
    /// <param name="message">The message.</param>
    /// <param name="nth">Which of the messages of this pair, from 0.</param>
    MessageFault Decide(string sender, string receiver, object message, int nth);
}
