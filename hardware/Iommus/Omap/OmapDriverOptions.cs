namespace Emulator.Hardware.Iommus.Omap;

/// <summary>What varies around the OMAP driver.</summary>
public sealed record OmapDriverOptions
{
    /// <summary>CONFIG_PM. Without it the enable sequence, a runtime-PM callback, never runs: the MMU stays off.</summary>
    public bool RuntimePm { get; init; } = true;

    /// <summary>From the first attach on somebody else holds the MMU active (power/control is set to "on" in sysfs): it is never suspended again.</summary>
    public bool HeldActive { get; init; }

    /// <summary>Whether the interrupt line of a unit is asserted; null: all units share one line, and every handler runs.</summary>
    public Func<int, bool>? InterruptLine { get; init; }
}
