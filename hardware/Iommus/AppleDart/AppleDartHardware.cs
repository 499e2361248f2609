using System.Numerics;
using Emulator.Hardware.PageTables.Dart;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>What differs between the DART generations: offsets, control values, widths.</summary>
/// <remarks>Source: Linux 6.12 drivers/iommu/apple-dart.c:1190-1345, struct apple_dart_hw; 6.1:1030-1044 for t8103 and t6000.</remarks>
public sealed record AppleDartHardware
{
    private AppleDartHardware()
    {
    }

    /// <summary>The device-tree compatible without its prefix and suffix, such as <c>t8103</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Register layout.</summary>
    public required AppleDartLayout Layout { get; init; }

    /// <summary>Format of leaf and table words.</summary>
    public required DartFormat Format { get; init; }

    /// <summary>The most streams; t8110 tells the number in PARAMS4.</summary>
    public required int MaxStreams { get; init; }

    /// <summary>Whether the driver of Linux 6.1 knows it.</summary>
    public required bool InLinux61 { get; init; }

    /// <summary>Offset of the register with the lock bit (CONFIG, PROTECT).</summary>
    public required ulong Lock { get; init; }

    /// <summary>The lock bit: TCRs and TTBRs are frozen until reboot.</summary>
    public required uint LockBit { get; init; }

    /// <summary>Offset of ERROR.</summary>
    public required ulong Error { get; init; }

    /// <summary>Bits of the SID in ERROR.</summary>
    public required uint ErrorStreamMask { get; init; }

    /// <summary>Bits of the code in ERROR: one is set.</summary>
    public required uint ErrorCodeMask { get; init; }

    /// <summary>Offset of ERROR_ADDR_LO; the high word follows.</summary>
    public required ulong ErrorAddress { get; init; }

    /// <summary>Offset of the stream enable bits, 32 streams a word.</summary>
    public required ulong EnableStreams { get; init; }

    /// <summary>Offset of TCR of stream 0; 4 bytes a stream.</summary>
    public required ulong ControlBase { get; init; }

    /// <summary>TCR value of a translated stream.</summary>
    public required uint ControlTranslate { get; init; }

    /// <summary>TCR value that Linux writes for an identity domain.</summary>
    public required uint ControlBypass { get; init; }

    /// <summary>Offset of TTBR 0 of stream 0.</summary>
    public required ulong TtbrBase { get; init; }

    /// <summary>TTBRs of a stream.</summary>
    public required int TtbrCount { get; init; }

    /// <summary>Valid bit of a TTBR.</summary>
    public required uint TtbrValid { get; init; }

    /// <summary>The table address is shifted right by this.</summary>
    public required int TtbrAddressShift { get; init; }

    /// <summary>And then left by this into its field.</summary>
    public required int TtbrFieldShift { get; init; }

    /// <summary>M1.</summary>
    public static AppleDartHardware T8103 { get; } = new()
    {
        Name = "t8103",
        Layout = AppleDartLayout.T8020,
        Format = DartFormat.Dart1,
        MaxStreams = 16,
        InLinux61 = true,
        Lock = 0x60,
        LockBit = 1 << 15,
        Error = 0x40,
        ErrorStreamMask = 0xf << 24,
        ErrorCodeMask = 0xfff,
        ErrorAddress = 0x50,
        EnableStreams = 0xfc,
        ControlBase = 0x100,
        ControlTranslate = StreamControl.TranslateBit,
        ControlBypass = StreamControl.BypassBit | StreamControl.BypassFilterBit,
        TtbrBase = 0x200,
        TtbrCount = 4,
        TtbrValid = 1u << 31,
        TtbrAddressShift = 12,
        TtbrFieldShift = 0,
    };

    /// <summary>M1 Pro, Max and Ultra.</summary>
    public static AppleDartHardware T6000 { get; } = T8103 with { Name = "t6000", Format = DartFormat.Dart2 };

    /// <summary>The USB4 port's DART of M1: 64 streams. Linux's bypass value for it is 0, which blocks.</summary>
    public static AppleDartHardware T8103Usb4 { get; } = T8103 with { Name = "t8103-usb4", MaxStreams = 64, InLinux61 = false, ControlBypass = 0, TtbrBase = 0x400 };

    /// <summary>M2.</summary>
    public static AppleDartHardware T8110 { get; } = new()
    {
        Name = "t8110",
        Layout = AppleDartLayout.T8110,
        Format = DartFormat.Dart2,
        MaxStreams = 256,
        InLinux61 = false,
        Lock = 0x200,
        LockBit = 1,
        Error = 0x100,
        ErrorStreamMask = 0xff << 20,
        ErrorCodeMask = 0x7fff,
        ErrorAddress = 0x170,
        EnableStreams = 0xc00,
        ControlBase = 0x1000,
        ControlTranslate = T8110StreamControl.TranslateBit,
        ControlBypass = T8110StreamControl.BypassBit | T8110StreamControl.BypassFilterBit,
        TtbrBase = 0x1400,
        TtbrCount = 1,
        TtbrValid = 1,
        TtbrAddressShift = 14,
        TtbrFieldShift = 2,
    };

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<AppleDartHardware> All { get; } = [T8103, T6000, T8110, T8103Usb4];

    /// <summary>Offset of a stream's TCR.</summary>
    public ulong Control(int stream) => ControlBase + (4 * (ulong)stream);

    /// <summary>Offset of a stream's TTBR.</summary>
    public ulong Ttbr(int stream, int index) => TtbrBase + (4 * (((ulong)stream * (ulong)TtbrCount) + (ulong)index));

    /// <summary>TTBR value of a valid table.</summary>
    public uint EncodeTtbr(ulong table) => TtbrValid | (uint)(table >> TtbrAddressShift << TtbrFieldShift);

    /// <summary>Table address in a TTBR.</summary>
    public ulong DecodeTtbr(uint ttbr) => (ulong)((ttbr & ~TtbrValid) >> TtbrFieldShift) << TtbrAddressShift;

    /// <summary>ERROR value of a fault.</summary>
    public uint EncodeError(uint stream, int code) =>
        AppleDartRegisters.ErrorFlag | ((stream << BitOperations.TrailingZeroCount(ErrorStreamMask)) & ErrorStreamMask) | (1u << code);
}
