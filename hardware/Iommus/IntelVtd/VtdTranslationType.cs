namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Translation type of a legacy context entry (TT).</summary>
public enum VtdTranslationType
{
    /// <summary>Untranslated requests go through the second-level table; others are refused.</summary>
    SecondLevel = 0,

    /// <summary>The same, and ATS requests are served.</summary>
    DeviceTlb = 1,

    /// <summary>Untranslated requests pass through.</summary>
    PassThrough = 2,

    /// <summary>Reserved.</summary>
    Reserved = 3,
}
