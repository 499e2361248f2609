namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Numbers of events, DW0 7:0 of a record.</summary>
public enum EventCode : byte
{
    /// <summary>No event.</summary>
    None = 0,

    /// <summary>F_UUT: unsupported upstream transaction.</summary>
    UnsupportedUpstream = 0x01,

    /// <summary>C_BAD_STREAMID: the StreamID is outside the table.</summary>
    BadStreamId = 0x02,

    /// <summary>F_STE_FETCH: reading the STE was aborted.</summary>
    SteFetch = 0x03,

    /// <summary>C_BAD_STE: the STE is invalid or malformed.</summary>
    BadSte = 0x04,

    /// <summary>F_BAD_ATS_TREQ: ATS translation requests are not allowed for the stream.</summary>
    BadAtsTranslationRequest = 0x05,

    /// <summary>F_STREAM_DISABLED: S1DSS refuses requests like this one.</summary>
    StreamDisabled = 0x06,

    /// <summary>F_TRANSL_FORBIDDEN: translated requests are not allowed for the stream.</summary>
    TranslatedForbidden = 0x07,

    /// <summary>C_BAD_SUBSTREAMID: there are no substreams, or not that many.</summary>
    BadSubstreamId = 0x08,

    /// <summary>F_CD_FETCH: reading the CD or L1CD was aborted.</summary>
    CdFetch = 0x09,

    /// <summary>C_BAD_CD: the CD is invalid or malformed.</summary>
    BadCd = 0x0A,

    /// <summary>F_WALK_EABT: reading a translation table was aborted.</summary>
    WalkExternalAbort = 0x0B,

    /// <summary>F_TRANSLATION: not mapped, or outside the input range.</summary>
    Translation = 0x10,

    /// <summary>F_ADDR_SIZE: an output address is too wide.</summary>
    AddressSize = 0x11,

    /// <summary>F_ACCESS: the access flag is clear.</summary>
    AccessFlag = 0x12,

    /// <summary>F_PERMISSION: the access is not allowed.</summary>
    Permission = 0x13,

    /// <summary>F_TLB_CONFLICT.</summary>
    TlbConflict = 0x20,

    /// <summary>F_CFG_CONFLICT.</summary>
    ConfigurationConflict = 0x21,

    /// <summary>E_PAGE_REQUEST: a hint that pages will be needed.</summary>
    PageRequest = 0x24,
}
