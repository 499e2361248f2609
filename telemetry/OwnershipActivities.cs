using System.Diagnostics;

namespace Emulator.Telemetry;

/// <summary>The activity source <c>Emulator.Ownership</c>: a change of owner is one trace. The context travels in messages, because nothing
/// ambient crosses from one actor to another.</summary>
public static class OwnershipActivities
{
    /// <summary>The name of the source.</summary>
    public const string SourceName = "Emulator.Ownership";

    /// <summary>The whole change of owner of a group.</summary>
    public const string Change = "ownership.change";

    /// <summary>The silicon's actor takes the order to block.</summary>
    public const string Block = "ownership.block";

    /// <summary>The driver's steps for a change.</summary>
    public const string Program = "ownership.program";

    /// <summary>The group's DMA drains.</summary>
    public const string Fence = "ownership.fence";

    /// <summary>The group stands blocked.</summary>
    public const string Blocked = "ownership.blocked";

    /// <summary>The silicon's actor grants the new owner.</summary>
    public const string Attach = "ownership.attach";

    private static readonly ActivitySource s_source = new(SourceName);

    /// <summary>Starts a span.</summary>
    /// <param name="name">One of this class's names.</param>
    /// <param name="parent">The span that it belongs to; default begins a trace.</param>
    /// <param name="host">The host's name.</param>
    /// <param name="group">The group.</param>
    /// <param name="epoch">The epoch.</param>
    /// <returns>The span, or null when nobody listens.</returns>
    public static Activity? Start(string name, ActivityContext parent, string host, int group, long epoch)
    {
        var activity = s_source.StartActivity(name, ActivityKind.Internal, parent);
        activity?.SetTag("emulator.host", host).SetTag("emulator.group", group).SetTag("emulator.epoch", epoch);
        return activity;
    }
}
