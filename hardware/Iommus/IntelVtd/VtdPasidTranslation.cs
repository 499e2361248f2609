namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Translation type of a PASID entry (PGTT).</summary>
public enum VtdPasidTranslation
{
    /// <summary>Reserved.</summary>
    None = 0,

    /// <summary>First level.</summary>
    FirstLevel = 1,

    /// <summary>Second level.</summary>
    SecondLevel = 2,

    /// <summary>First level, whose addresses go through the second level.</summary>
    Nested = 3,

    /// <summary>No translation.</summary>
    PassThrough = 4,
}
