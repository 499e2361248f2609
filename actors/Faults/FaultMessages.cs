namespace Emulator.Actors.Faults;

/// <summary>The conversation about faults.</summary>
public static class FaultMessages
{
    /// <summary>To a host: let this go wrong. Answer: <see cref="FaultInjected"/> or <see cref="FaultRefused"/>.</summary>
    /// <param name="Fault">What.</param>
    public sealed record InjectFault(Fault Fault);

    /// <summary>The fault is on its way to the part that it strikes.</summary>
    /// <param name="Host">The host.</param>
    /// <param name="Fault">The fault.</param>
    public sealed record FaultInjected(string Host, Fault Fault);

    /// <summary>There is no such fault here.</summary>
    /// <param name="Host">The host.</param>
    /// <param name="Fault">The fault.</param>
    /// <param name="Reason">Why, in one line.</param>
    public sealed record FaultRefused(string Host, Fault Fault, string Reason);

    /// <summary>From the host to the part that it strikes.</summary>
    internal sealed record Strike(Fault Fault);

    /// <summary>The silicon's actor to itself: a fault that lasts is over.</summary>
    internal sealed record Over(FaultKind Kind, int Unit);

    /// <summary>From the host to the IOMMU's actor: a device is gone.</summary>
    internal sealed record DeviceGone(int Device);
}
