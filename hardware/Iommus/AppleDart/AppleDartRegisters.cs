namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Register offsets of the DART; all registers are 32 bits wide. Where the generations differ, <see cref="AppleDartHardware"/> has the offset.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/apple-dart.c, the DART_* definitions.</remarks>
public static class AppleDartRegisters
{
    /// <summary>Bytes of the register window.</summary>
    public const ulong WindowSize = 0x4000;

    /// <summary>PARAMS1: [27:24] log2 of the page size.</summary>
    public const ulong Params1 = 0x00;

    /// <summary>PARAMS2: [0] bypass supported.</summary>
    public const ulong Params2 = 0x04;

    /// <summary>T8110 PARAMS3: [29:24] PA width, [21:16] VA width.</summary>
    public const ulong Params3 = 0x08;

    /// <summary>T8110 PARAMS4: [8:0] number of SIDs.</summary>
    public const ulong Params4 = 0x0c;

    /// <summary>T8020 STREAM_COMMAND: [20] invalidate the TLB of the selected streams (W), [2] busy (R).</summary>
    public const ulong StreamCommand = 0x20;

    /// <summary>T8020 STREAM_SELECT, 32 streams a word: the streams of the next command.</summary>
    public const ulong StreamSelect = 0x34;

    /// <summary>T8020 stream remap, four streams a word: the stream whose configuration each stream uses. Linux never touches it.</summary>
    public const ulong StreamRemap = 0x80;

    /// <summary>Streams that T8020 can remap.</summary>
    public const int RemappableStreams = 16;

    /// <summary>T8110 TLB_CMD: [31] busy, [10:8] operation, [7:0] SID.</summary>
    public const ulong TlbCommand = 0x80;

    /// <summary>T8110 ERROR_MASK: a set bit keeps that error code from raising the interrupt.</summary>
    public const ulong ErrorMask = 0x104;

    /// <summary>T8110 ERROR_STREAMS, 32 streams a word: streams that had an error; write one to clear.</summary>
    public const ulong ErrorStreams = 0x1c0;

    /// <summary>T8110 DISABLE_STREAMS, 32 streams a word: write one to disable.</summary>
    public const ulong DisableStreams = 0xc20;

    /// <summary>STREAM_COMMAND: invalidate.</summary>
    public const uint StreamCommandInvalidate = 1 << 20;

    /// <summary>STREAM_COMMAND: busy.</summary>
    public const uint StreamCommandBusy = 1 << 2;

    /// <summary>TLB_CMD: busy.</summary>
    public const uint TlbCommandBusy = 1u << 31;

    /// <summary>TLB_CMD operation: flush everything.</summary>
    public const uint TlbFlushAll = 0;

    /// <summary>TLB_CMD operation: flush one SID.</summary>
    public const uint TlbFlushStream = 1;

    /// <summary>ERROR: an error is recorded, the interrupt is asserted.</summary>
    public const uint ErrorFlag = 1u << 31;

    /// <summary>TLB_CMD that flushes one stream.</summary>
    public static uint FlushStream(uint stream) => (TlbFlushStream << 8) | (stream & 0xff);

    /// <summary>Operation of a TLB_CMD.</summary>
    public static uint TlbOperation(uint command) => (command >> 8) & 7;

    /// <summary>log2 of the page size in PARAMS1.</summary>
    public static int PageShift(uint params1) => (int)(params1 >> 24) & 0xf;

    /// <summary>Bypass bit of PARAMS2.</summary>
    public static bool BypassSupported(uint params2) => (params2 & 1) != 0;

    /// <summary>PA width in PARAMS3.</summary>
    public static int PhysicalBits(uint params3) => (int)(params3 >> 24) & 0x3f;

    /// <summary>VA width in PARAMS3.</summary>
    public static int VirtualBits(uint params3) => (int)(params3 >> 16) & 0x3f;

    /// <summary>Number of SIDs in PARAMS4.</summary>
    public static int StreamCount(uint params4) => (int)params4 & 0x1ff;
}
