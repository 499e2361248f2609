namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>The control register, offset 0x18.</summary>
/// <param name="Raw">The 64-bit word.</param>
public readonly record struct AmdViControl(ulong Raw)
{
    /// <summary>Bit 0, IommuEn.</summary>
    public const int Enable = 0;

    /// <summary>Bit 1, HtTunEn.</summary>
    public const int HtTunnel = 1;

    /// <summary>Bit 2, EventLogEn.</summary>
    public const int EventLog = 2;

    /// <summary>Bit 3, EventIntEn.</summary>
    public const int EventInterrupt = 3;

    /// <summary>Bit 4, ComWaitIntEn.</summary>
    public const int CompletionInterrupt = 4;

    /// <summary>Bits 7:5, InvTimeOut.</summary>
    public const int InvalidationTimeoutShift = 5;

    /// <summary>InvTimeOut: one second.</summary>
    public const ulong InvalidationTimeoutOneSecond = 4;

    /// <summary>Bit 8, PassPW.</summary>
    public const int PassPostedWrite = 8;

    /// <summary>Bit 9, ResPassPW.</summary>
    public const int ResponsePassPostedWrite = 9;

    /// <summary>Bit 10, Coherent.</summary>
    public const int Coherent = 10;

    /// <summary>Bit 11, Isoc.</summary>
    public const int Isochronous = 11;

    /// <summary>Bit 12, CmdBufEn.</summary>
    public const int CommandBuffer = 12;

    /// <summary>Bit 13, PPRLogEn.</summary>
    public const int PprLog = 13;

    /// <summary>Bit 14, PPRIntEn.</summary>
    public const int PprInterrupt = 14;

    /// <summary>Bit 16, GTEn.</summary>
    public const int GuestTranslation = 16;

    /// <summary>Bit 28, GALogEn.</summary>
    public const int GaLog = 28;

    /// <summary>Bit 29, GAIntEn.</summary>
    public const int GaInterrupt = 29;

    /// <summary>Bit 59, IRTCacheDis.</summary>
    public const int InterruptCacheDisable = 59;

    /// <summary>Whether a bit is set.</summary>
    public bool this[int bit] => (Raw >> bit & 1) != 0;
}
