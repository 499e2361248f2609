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
}
