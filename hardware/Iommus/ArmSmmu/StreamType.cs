namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>S2CR.TYPE: what becomes of a stream.</summary>
public enum StreamType
{
    /// <summary>Translated by a context bank.</summary>
    Translate = 0,

    /// <summary>Passes untranslated.</summary>
    Bypass = 1,

    /// <summary>Refused with a global fault.</summary>
    Fault = 2,
}
