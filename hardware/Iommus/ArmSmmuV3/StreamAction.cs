namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>What a stream's configuration says of ordinary requests.</summary>
internal enum StreamAction : byte
{
    /// <summary>Aborted without an event.</summary>
    Abort,

    /// <summary>Passed untranslated.</summary>
    Bypass,

    /// <summary>Translated by one stage or both.</summary>
    Translate,
}
