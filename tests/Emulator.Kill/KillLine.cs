using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Emulator.Kill;

/// <summary>A line between child and parent: a word and what it is about. Ends with a full stop, for a kill may fall into the writing of a line.</summary>
/// <param name="Word">What happened.</param>
/// <param name="Id">The change's id; "-" where there is none.</param>
/// <param name="Group">The group; -1 where there is none.</param>
/// <param name="Tenant">The tenant's owner tag.</param>
/// <param name="Epoch">The epoch.</param>
internal sealed record KillLine(string Word, string Id, int Group, int Tenant, long Epoch)
{
    /// <summary>The host stands, every group blocked; the coordinator begins.</summary>
    public const string Ready = "ready";

    /// <summary>A change is asked for.</summary>
    public const string Ask = "ask";

    /// <summary>A change is completed.</summary>
    public const string Completed = "completed";

    /// <summary>A change is failed or refused.</summary>
    public const string Failed = "failed";

    /// <summary>The first attach of a group since the start.</summary>
    public const string First = "first";

    /// <summary>A group was not blocked when it should be.</summary>
    public const string Early = "early";

    /// <summary>Of the parent's: the child ended before it was killed, with what it had to keep out of reach.</summary>
    public const string Ended = "ended";

    public override string ToString() => $"{Word} {Id} {Group} {Tenant} {Epoch} .";

    public static bool TryParse(string text, [NotNullWhen(true)] out KillLine? line)
    {
        line = text.Split(' ') is [var word, var id, var group, var tenant, var epoch, "."]
            ? new KillLine(word, id, (int)Number(group), (int)Number(tenant), Number(epoch))
            : null;
        return line != null;
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
