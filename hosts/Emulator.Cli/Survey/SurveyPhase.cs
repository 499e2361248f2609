namespace Emulator.Cli.Survey;

/// <summary>Where in a device's life a probe was sent.</summary>
public enum SurveyPhase
{
    /// <summary>The device is probed and attached to nothing.</summary>
    BeforeAttach,

    /// <summary>After a step of the attach to domain A. No DMA is sent here, so that the caches are clean.</summary>
    Attaching,

    /// <summary>Domain A is attached.</summary>
    Attached,

    /// <summary>After a step of the detach, or of what blocks in its place.</summary>
    DuringDetach,

    /// <summary>The detach has returned.</summary>
    AfterDetach,

    /// <summary>After a step of the attach to domain B.</summary>
    AttachingNext,

    /// <summary>Domain B is attached.</summary>
    AfterNextAttach,

    /// <summary>Another life up to the detach; then the device slept and woke again.</summary>
    AfterResume,

    /// <summary>Another life up to the detach; then domain A was freed.</summary>
    AfterFree,

    /// <summary>Another life up to the detach; then domain A was attached again.</summary>
    AfterReattach,

    /// <summary>Another life: detach from A, attach to B, leave B, attach to A again, and B was freed.</summary>
    AfterReturn,

    /// <summary>Another life: two devices in domain A; after the first one left it, a page was unmapped, and the second one sends there.</summary>
    Neighbour,

    /// <summary>Another life up to the attach; the DMA goes to an address that no domain maps.</summary>
    Unmapped,
}
