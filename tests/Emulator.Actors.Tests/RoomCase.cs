using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Hardware.Drivers;

namespace Emulator.Actors.Tests;

/// <summary>A line of the list in <see cref="RoomTests"/>.</summary>
/// <param name="Room">The room.</param>
/// <param name="Strategy">How its groups are blocked; null for any.</param>
/// <param name="Outcome">What happens.</param>
/// <param name="Reason">A part of the reason.</param>
internal sealed record RoomCase(string Room, BlockingStrategy? Strategy, RoomOutcome Outcome, string Reason = "")
{
    /// <summary>The kernel; null for both.</summary>
    public KernelVersion? Kernel { get; init; }

    /// <summary>Devices of the host. One where a domain takes no second one.</summary>
    public int Devices { get; init; } = 2;

    /// <summary>Whether DMA can stray in a change although no DMA falls between the driver's steps: the silicon lets held DMA go.</summary>
    public bool EvenWhole { get; init; }

    /// <summary>Whether it is chance that DMA strays outside a change as well.</summary>
    public bool OrWindows { get; init; }

    public RoomOutcome OutcomeOf(DriverPacing pacing) => Outcome == RoomOutcome.Windows && pacing == DriverPacing.Whole && !EvenWhole ? RoomOutcome.Sound : Outcome;

    public bool Covers(string room, KernelVersion kernel, BlockingStrategy strategy) =>
        Room == room && (Kernel ?? kernel) == kernel && (Strategy ?? strategy) == strategy;
}
