using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Context descriptor (CD): the stage 1 translation of one substream. 64 bytes; words 4 to 7 are zero.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h:275, CTXDESC_CD_*.</remarks>
/// <param name="Word0">DW0: control, ASID.</param>
/// <param name="Word1">DW1: first table base.</param>
/// <param name="Word2">DW2: second table base.</param>
/// <param name="Word3">DW3: MAIR.</param>
public readonly record struct ContextDescriptor(ulong Word0, ulong Word1, ulong Word2, ulong Word3)
{
    /// <summary>Bytes of a descriptor.</summary>
    public const int Size = 64;

    /// <summary>Words of a descriptor.</summary>
    public const int Words = 8;

    /// <summary>The TCR part of DW0, bits 39:0 without V: T0SZ, TG0, IR0, OR0, SH0, EPD0, ENDI, the same of TTB1, IPS, TBI.</summary>
    public ulong Tcr
    {
        get => Word0.Bits(39, 0) & ~(1UL << 31);
        init => Word0 = Word0.With(30, 0, value).With(39, 32, value >> 32);
    }

    /// <summary>T0SZ 5:0: the lower range has 64 minus this bits.</summary>
    public int T0Sz { get => Word0.Number(5, 0); init => Word0 = Word0.With(5, 0, (ulong)value); }

    /// <summary>TG0 7:6: 0 4 KiB, 1 64 KiB, 2 16 KiB.</summary>
    public int Granule0 { get => Word0.Number(7, 6); init => Word0 = Word0.With(7, 6, (ulong)value); }

    /// <summary>IR0 9:8: inner cacheability of walks.</summary>
    public int InnerCacheability0 { get => Word0.Number(9, 8); init => Word0 = Word0.With(9, 8, (ulong)value); }

    /// <summary>OR0 11:10: outer cacheability of walks.</summary>
    public int OuterCacheability0 { get => Word0.Number(11, 10); init => Word0 = Word0.With(11, 10, (ulong)value); }

    /// <summary>SH0 13:12: shareability of walks.</summary>
    public int Shareability0 { get => Word0.Number(13, 12); init => Word0 = Word0.With(13, 12, (ulong)value); }

    /// <summary>EPD0 14: walks through TTB0 are disabled.</summary>
    public bool WalkDisabled0 { get => Word0.Bit(14); init => Word0 = Word0.With(14, value); }

    /// <summary>ENDI 15: big-endian tables.</summary>
    public bool BigEndian { get => Word0.Bit(15); init => Word0 = Word0.With(15, value); }

    /// <summary>T1SZ 21:16: the upper range has 64 minus this bits.</summary>
    public int T1Sz { get => Word0.Number(21, 16); init => Word0 = Word0.With(21, 16, (ulong)value); }

    /// <summary>TG1 23:22: 1 16 KiB, 2 4 KiB, 3 64 KiB.</summary>
    public int Granule1 { get => Word0.Number(23, 22); init => Word0 = Word0.With(23, 22, (ulong)value); }

    /// <summary>EPD1 30: walks through TTB1 are disabled.</summary>
    public bool WalkDisabled1 { get => Word0.Bit(30); init => Word0 = Word0.With(30, value); }

    /// <summary>V 31.</summary>
    public bool Valid { get => Word0.Bit(31); init => Word0 = Word0.With(31, value); }

    /// <summary>IPS 34:32: output size of stage 1, coded as IDR5.OAS.</summary>
    public int OutputSize { get => Word0.Number(34, 32); init => Word0 = Word0.With(34, 32, (ulong)value); }

    /// <summary>AFFD 35: the access flag is not looked at.</summary>
    public bool AccessFlagFaultDisable { get => Word0.Bit(35); init => Word0 = Word0.With(35, value); }

    /// <summary>TBI0 38: bits 63:56 of addresses of the lower range are ignored.</summary>
    public bool TopByteIgnored0 { get => Word0.Bit(38); init => Word0 = Word0.With(38, value); }

    /// <summary>TBI1 39: bits 63:56 of addresses of the upper range are ignored.</summary>
    public bool TopByteIgnored1 { get => Word0.Bit(39); init => Word0 = Word0.With(39, value); }

    /// <summary>AA64 41: VMSAv8-64 tables.</summary>
    public bool Aa64 { get => Word0.Bit(41); init => Word0 = Word0.With(41, value); }

    /// <summary>HD 42: hardware sets the dirty state.</summary>
    public bool HardwareDirty { get => Word0.Bit(42); init => Word0 = Word0.With(42, value); }

    /// <summary>HA 43: hardware sets the access flag.</summary>
    public bool HardwareAccess { get => Word0.Bit(43); init => Word0 = Word0.With(43, value); }

    /// <summary>S 44: faults stall.</summary>
    public bool Stall { get => Word0.Bit(44); init => Word0 = Word0.With(44, value); }

    /// <summary>R 45: faults are recorded.</summary>
    public bool Record { get => Word0.Bit(45); init => Word0 = Word0.With(45, value); }

    /// <summary>A 46: a terminated request is aborted (else: reads give zero, writes are dropped).</summary>
    public bool Abort { get => Word0.Bit(46); init => Word0 = Word0.With(46, value); }

    /// <summary>ASET 47: the ASID is not shared with CPUs.</summary>
    public bool AsidPrivate { get => Word0.Bit(47); init => Word0 = Word0.With(47, value); }

    /// <summary>ASID 63:48.</summary>
    public ushort Asid { get => (ushort)Word0.Bits(63, 48); init => Word0 = Word0.With(63, 48, value); }

    /// <summary>HAD0, DW1 bit 1: permissions in the table descriptors of TTB0 are ignored.</summary>
    public bool HierarchyDisabled0 { get => Word1.Bit(1); init => Word1 = Word1.With(1, value); }

    /// <summary>TTB0, DW1 51:4.</summary>
    public ulong Table0 { get => Word1.InPlace(51, 4); init => Word1 = Word1.With(51, 4, value >> 4); }

    /// <summary>HAD1, DW2 bit 1: permissions in the table descriptors of TTB1 are ignored.</summary>
    public bool HierarchyDisabled1 { get => Word2.Bit(1); init => Word2 = Word2.With(1, value); }

    /// <summary>TTB1, DW2 51:4.</summary>
    public ulong Table1 { get => Word2.InPlace(51, 4); init => Word2 = Word2.With(51, 4, value >> 4); }

    /// <summary>MAIR, DW3.</summary>
    public ulong Mair { get => Word3; init => Word3 = value; }

    /// <summary>The word with index 0 to 7.</summary>
    public ulong Word(int index) => index switch { 0 => Word0, 1 => Word1, 2 => Word2, 3 => Word3, _ => 0 };
}
