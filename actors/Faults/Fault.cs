using Emulator.Hardware.Drivers;

namespace Emulator.Actors.Faults;

/// <summary>One fault: its kind and what of it can vary. What a kind does not name means nothing to it.</summary>
/// <param name="Kind">What goes wrong.</param>
public sealed record Fault(FaultKind Kind)
{
    /// <summary>Which device, IOMMU instance, or other part, from 0; taken modulo their number.</summary>
    public int Target { get; init; }

    /// <summary>How often: invalidations, writes, DMA batches, attaches; at least 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>How long: delays, stalls, slowness.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>The error that a driver returns.</summary>
    public Errno Errno { get; init; } = Errno.EIO;

    /// <summary>The step, from 0, at which the driver returns it; at the end of a shorter sequence.</summary>
    public int Step { get; init; }

    /// <summary>Chooses what else has to be chosen: a word, a bit, an address.</summary>
    public ulong Random { get; init; }

    /// <inheritdoc/>
    public override string ToString() => FaultCatalog.Of(Kind).Describe(this);
}
