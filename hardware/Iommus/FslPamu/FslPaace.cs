namespace Emulator.Hardware.Iommus.FslPamu;

/// <summary>A peripheral access authorization and control entry (PAACE): what one LIODN may do. 64 bytes of big-endian words. Source: Linux drivers/iommu/fsl_pamu.h, struct paace.</summary>
public static class FslPaace
{
    /// <summary>Bytes of an entry.</summary>
    public const ulong Bytes = 64;

    /// <summary>Entries of Linux's primary table (PAACE_NUMBER_ENTRIES): LIODNs are below this.</summary>
    public const uint Count = 0x500;

    /// <summary>Word: window base, high.</summary>
    public const ulong WindowBaseHigh = 0x00;

    /// <summary>Word: [31:12] window base, low; [11:6] WSE; [5] MW; [4:3] AP; [1] PT; [0] V.</summary>
    public const ulong AddressBits = 0x04;

    /// <summary>Word: domain attributes; [7] coherency required.</summary>
    public const ulong DomainAttributes = 0x08;

    /// <summary>Word: [23:16] stash id, [7:4] WCE, [3:2] ATM, [1:0] OTM.</summary>
    public const ulong ImplementationAttributes = 0x0c;

    /// <summary>Word: translated window base, high.</summary>
    public const ulong TranslatedBaseHigh = 0x10;

    /// <summary>Word: [31:12] translated window base, low.</summary>
    public const ulong TranslatedBaseLow = 0x14;

    /// <summary>Word: operation, immediate or [15:0] index into the operation mapping table.</summary>
    public const ulong Operation = 0x1c;

    /// <summary>Address bits: valid.</summary>
    public const uint Valid = 1;

    /// <summary>Address bits: a primary entry's type is 0 (PT).</summary>
    public const uint Secondary = 1u << 1;

    /// <summary>Address bits: reads are allowed.</summary>
    public const uint Query = 1u << 3;

    /// <summary>Address bits: writes are allowed.</summary>
    public const uint Update = 1u << 4;

    /// <summary>Address bits: the window is divided.</summary>
    public const uint MultiWindow = 1u << 5;

    /// <summary>Address bits: the field of the window's size, 2^(WSE+1) bytes.</summary>
    public const uint WindowSizeMask = 0x3fu << 6;

    /// <summary>Address bits: Linux's one window of 64 GiB (WSE 35).</summary>
    public const uint Window64GiB = 35u << 6;

    /// <summary>Address bits: the base of window or translation.</summary>
    public const uint BaseMask = 0xffff_f000;

    /// <summary>Domain attributes: coherency required.</summary>
    public const uint Coherent = 1u << 7;

    /// <summary>Implementation attributes: where the stash id is.</summary>
    public const int StashShift = 16;

    /// <summary>Implementation attributes: the stash id's bits.</summary>
    public const uint StashMask = 0xffu << StashShift;

    /// <summary>Implementation attributes: sub-windows.</summary>
    public const uint WindowCountMask = 0xfu << 4;

    /// <summary>Implementation attributes: how addresses are translated.</summary>
    public const uint TranslationMask = 3u << 2;

    /// <summary>Implementation attributes: by the window's translated base (ATM 1).</summary>
    public const uint TranslateWindow = 1u << 2;

    /// <summary>Implementation attributes: how operations are translated.</summary>
    public const uint OperationMask = 3;

    /// <summary>Implementation attributes: operations are looked up in the mapping table (OTM 2).</summary>
    public const uint OperationIndexed = 2;
}
