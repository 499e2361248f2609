using Emulator.Actors.Isolation;

namespace Emulator.Actors.Faults;

/// <summary>What the catalogue says of a kind of fault.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Name">Its name in experiments.</param>
/// <param name="Layer">Where it strikes.</param>
/// <param name="Parts">What <see cref="Fault.Target"/> counts; empty where there is nothing to choose.</param>
/// <param name="Summary">What happens, in one sentence.</param>
/// <param name="Explains">The violations that it can cause although everybody else does the right thing; none where the platform has to stand it.</param>
public sealed record FaultDescription(FaultKind Kind, string Name, FaultLayer Layer, string Parts, string Summary, ViolationKinds Explains)
{
    /// <summary>What <see cref="Fault.Count"/> counts; empty where it means nothing.</summary>
    public string Counts { get; init; } = "";

    /// <summary>Whether <see cref="Fault.Duration"/> means something.</summary>
    public bool HasDuration { get; init; }

    /// <summary>Whether it needs actors that run on a seed (<c>explore</c>): elsewhere nobody can touch a message on its way.</summary>
    public bool NeedsSimulation { get; init; }

    /// <summary>The violations that one fault of this kind explains: an attach that fails before its first step has left nothing behind.</summary>
    public ViolationKinds ExplainedBy(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        return Kind == FaultKind.AttachFails && fault.Step == 0 ? ViolationKinds.None : Explains;
    }

    /// <summary>A fault of this kind in a few words.</summary>
    public string Describe(Fault fault)
    {
        ArgumentNullException.ThrowIfNull(fault);
        var text = Parts.Length == 0 ? Name : $"{Name} on {Parts} {fault.Target}";
        if (Counts.Length > 0)
            text += $", {fault.Count} {Counts}";
        if (Kind == FaultKind.AttachFails)
            text += $", -{fault.Errno} at step {fault.Step}";
        return HasDuration ? $"{text}, {fault.Duration.TotalMilliseconds:0.###} ms" : text;
    }
}
