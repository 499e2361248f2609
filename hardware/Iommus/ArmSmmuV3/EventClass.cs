namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>CLASS of an event: what the faulting access was for.</summary>
public enum EventClass : byte
{
    /// <summary>Fetching a CD.</summary>
    ContextDescriptor = 0,

    /// <summary>Fetching a translation table entry.</summary>
    TranslationTable = 1,

    /// <summary>The input address itself.</summary>
    Input = 2,
}
