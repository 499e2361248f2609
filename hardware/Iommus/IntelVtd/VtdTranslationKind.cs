namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>What the tables say of a requester, once they are read.</summary>
public enum VtdTranslationKind : byte
{
    /// <summary>Requests are refused with <see cref="VtdTranslation.Fault"/>.</summary>
    Refused,

    /// <summary>Second-level translation.</summary>
    SecondLevel,

    /// <summary>First-level translation.</summary>
    FirstLevel,

    /// <summary>First-level translation whose addresses go through the second level.</summary>
    Nested,

    /// <summary>No translation.</summary>
    PassThrough,
}
