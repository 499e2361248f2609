using Emulator.Actors.Ownership;
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

    public bool Covers(string room, KernelVersion kernel, BlockingStrategy strategy) =>
        Room == room && (Kernel ?? kernel) == kernel && (Strategy ?? strategy) == strategy;
}
