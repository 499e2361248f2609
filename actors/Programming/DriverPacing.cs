namespace Emulator.Actors.Programming;

/// <summary>How a driver's sequence reaches the silicon.</summary>
public enum DriverPacing
{
    /// <summary>In one message: no DMA falls between its steps.</summary>
    Whole,

    /// <summary>One message for each step: DMA can fall between any two. The fault interrupt's handler still goes in one.</summary>
    StepByStep,
}
