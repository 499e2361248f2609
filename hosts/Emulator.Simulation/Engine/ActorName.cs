using System.Text.RegularExpressions;
using Akka.Actor;

namespace Emulator.Simulations.Engine;

/// <summary>What an actor is called in a simulation: its path below the run, without address or UID. Actors outside the run have their whole path.</summary>
/// <param name="Text">The name.</param>
/// <param name="Hash">Its hash, the same in every process.</param>
internal sealed partial record ActorName(string Text, ulong Hash)
{
    /// <summary>The actor under which a run's actors are.</summary>
    public const string Root = "run";

    private const string Prefix = "/user/" + Root + "/";

    /// <summary>The sender of a message that has none.</summary>
    public static readonly ActorName None = new("", 0);

    /// <summary>Whether it is an Ask that waits for its answer.</summary>
    public bool IsAsk => Text.StartsWith('?');

    public static ActorName Of(string text) => new(text, StableHash.Of(text));

    public static ActorName Of(ActorPath path)
    {
        var text = path.ToStringWithoutAddress();
        // The number of this system actor counts all actor systems of the process.
        return Of(text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : UnsubscriberNumber().Replace(text, "/system/EventStreamUnsubscriber"));
    }

    public static ActorName Of(IActorRef? actor) => actor switch
    {
        null => None,
        ActorRefWithCell { Underlying: ActorCell { Mailbox.MessageQueue: ObservedQueue queue } } => queue.Name,
        ISimFutureRef future => future.Name,
        _ => actor.IsNobody() || actor.Path.Name == "deadLetters" ? None : Of(actor.Path),
    };

    /// <summary>A message as text, with actors by their names.</summary>
    public static string Describe(object message)
    {
        var type = message.GetType();
        var text = message.ToString() ?? "";
        return text == type.ToString() ? type.Name : ReferencePath().Replace(text, "${inside}${outside}");
    }

    [GeneratedRegex(@"^/system/EventStreamUnsubscriber-\d+", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex UnsubscriberNumber();

    [GeneratedRegex(@"akka://[^/\s]+(?:/user/run/(?<inside>[^#\]\s,]+)|(?<outside>/[^#\]\s,]*))(?:#-?\d+)?", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ReferencePath();
}
