using System.Globalization;

namespace Emulator.Simulations;

/// <summary>One step of a run.</summary>
/// <param name="Step">Its number, from 1.</param>
/// <param name="At">Virtual time.</param>
/// <param name="Receiver">Who took the step: an actor by its path below the run, <c>!</c> and a timer, or <c>?</c> and an Ask that got its answer.</param>
/// <param name="Sender">Who sent the message; empty for nobody.</param>
/// <param name="Message">The message; empty when the step was the actor system's own business, such as starting or stopping the actor.</param>
public sealed record LogEntry(long Step, TimeSpan At, string Receiver, string Sender, string Message)
{
    /// <summary>The step in one line; the time in milliseconds.</summary>
    public override string ToString()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{Step,6} {At.TotalMilliseconds,10:F3} {Receiver}");
        return Message.Length == 0 ? text : Sender.Length == 0 ? $"{text}: {Message}" : $"{text} from {Sender}: {Message}";
    }
}
