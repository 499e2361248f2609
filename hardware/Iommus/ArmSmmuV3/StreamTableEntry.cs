using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Stream table entry (STE): what happens to the DMA of one stream. 64 bytes, of which the last four words are zero.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h:195, STRTAB_STE_*.</remarks>
/// <param name="Word0">DW0: validity, configuration, CD table.</param>
/// <param name="Word1">DW1: attributes of stage 1, ATS, stream world.</param>
/// <param name="Word2">DW2: VMID and stage 2 control.</param>
/// <param name="Word3">DW3: stage 2 table.</param>
public readonly record struct StreamTableEntry(ulong Word0, ulong Word1, ulong Word2, ulong Word3)
{
    /// <summary>Bytes of an entry.</summary>
    public const int Size = 64;

    /// <summary>Words of an entry.</summary>
    public const int Words = 8;

    /// <summary>Value of <see cref="ShareabilityConfig"/>: the request's own attribute is kept.</summary>
    public const int UseIncoming = 1;

    /// <summary>Value of <see cref="ContextTableFormat"/>: one level.</summary>
    public const int LinearContextTable = 0;

    /// <summary>Value of <see cref="ContextTableFormat"/>: two levels, leaf tables of 64 KiB (1,024 descriptors).</summary>
    public const int TwoLevelContextTable64K = 2;

    /// <summary>V 0.</summary>
    public bool Valid { get => Word0.Bit(0); init => Word0 = Word0.With(0, value); }

    /// <summary>Config 3:1.</summary>
    public StreamConfiguration Configuration { get => (StreamConfiguration)Word0.Bits(3, 1); init => Word0 = Word0.With(3, 1, (ulong)value); }

    /// <summary>S1Fmt 5:4: 0 linear, 1 two levels with 4 KiB leaves, 2 two levels with 64 KiB leaves.</summary>
    public int ContextTableFormat { get => Word0.Number(5, 4); init => Word0 = Word0.With(5, 4, (ulong)value); }

    /// <summary>S1ContextPtr 51:6: the CD or the CD table.</summary>
    public ulong ContextTable { get => Word0.InPlace(51, 6); init => Word0 = Word0.With(51, 6, value >> 6); }

    /// <summary>S1CDMax 63:59: log2 of the number of CDs; 0 means one CD and no substreams.</summary>
    public int Log2Contexts { get => Word0.Number(63, 59); init => Word0 = Word0.With(63, 59, (ulong)value); }

    /// <summary>S1DSS 1:0.</summary>
    public DefaultSubstream DefaultSubstream { get => (DefaultSubstream)Word1.Bits(1, 0); init => Word1 = Word1.With(1, 0, (ulong)value); }

    /// <summary>S1CIR 3:2: inner cacheability of CD fetches.</summary>
    public int ContextInnerCacheability { get => Word1.Number(3, 2); init => Word1 = Word1.With(3, 2, (ulong)value); }

    /// <summary>S1COR 5:4: outer cacheability of CD fetches.</summary>
    public int ContextOuterCacheability { get => Word1.Number(5, 4); init => Word1 = Word1.With(5, 4, (ulong)value); }

    /// <summary>S1CSH 7:6: shareability of CD fetches.</summary>
    public int ContextShareability { get => Word1.Number(7, 6); init => Word1 = Word1.With(7, 6, (ulong)value); }

    /// <summary>S1STALLD 27: stage 1 faults never stall.</summary>
    public bool StallDisabled { get => Word1.Bit(27); init => Word1 = Word1.With(27, value); }

    /// <summary>EATS 29:28.</summary>
    public AtsMode Ats { get => (AtsMode)Word1.Bits(29, 28); init => Word1 = Word1.With(29, 28, (ulong)value); }

    /// <summary>STRW 31:30.</summary>
    public StreamWorld World { get => (StreamWorld)Word1.Bits(31, 30); init => Word1 = Word1.With(31, 30, (ulong)value); }

    /// <summary>SHCFG 45:44; <see cref="UseIncoming"/>.</summary>
    public int ShareabilityConfig { get => Word1.Number(45, 44); init => Word1 = Word1.With(45, 44, (ulong)value); }

    /// <summary>S2VMID 15:0.</summary>
    public ushort Vmid { get => (ushort)Word2; init => Word2 = Word2.With(15, 0, value); }

    /// <summary>VTCR 50:32: T0SZ, SL0, IR0, OR0, SH0, TG, PS of stage 2 together, as the page-table code gives them.</summary>
    public ulong Vtcr { get => Word2.Bits(50, 32); init => Word2 = Word2.With(50, 32, value); }

    /// <summary>S2T0SZ 37:32: the input has 64 minus this bits.</summary>
    public int Stage2T0Sz => Word2.Number(37, 32);

    /// <summary>S2SL0 39:38: where the walk starts.</summary>
    public int Stage2StartLevel => Word2.Number(39, 38);

    /// <summary>S2TG 47:46: 0 4 KiB, 1 64 KiB, 2 16 KiB.</summary>
    public int Stage2Granule => Word2.Number(47, 46);

    /// <summary>S2PS 50:48: output size, coded as IDR5.OAS.</summary>
    public int Stage2OutputSize => Word2.Number(50, 48);

    /// <summary>S2AA64 51: VMSAv8-64 tables.</summary>
    public bool Stage2Aa64 { get => Word2.Bit(51); init => Word2 = Word2.With(51, value); }

    /// <summary>S2ENDI 52: big-endian tables.</summary>
    public bool Stage2BigEndian { get => Word2.Bit(52); init => Word2 = Word2.With(52, value); }

    /// <summary>S2AFFD 53: the access flag is not looked at.</summary>
    public bool Stage2AccessFlagFaultDisable { get => Word2.Bit(53); init => Word2 = Word2.With(53, value); }

    /// <summary>S2PTW 54: stage 1 walks to device memory are refused.</summary>
    public bool Stage2ProtectedWalk { get => Word2.Bit(54); init => Word2 = Word2.With(54, value); }

    /// <summary>S2S 57: stage 2 faults stall.</summary>
    public bool Stage2Stall { get => Word2.Bit(57); init => Word2 = Word2.With(57, value); }

    /// <summary>S2R 58: stage 2 faults are recorded.</summary>
    public bool Stage2Record { get => Word2.Bit(58); init => Word2 = Word2.With(58, value); }

    /// <summary>S2TTB 51:4.</summary>
    public ulong Stage2Table { get => Word3.InPlace(51, 4); init => Word3 = Word3.With(51, 4, value >> 4); }

    /// <summary>The word with index 0 to 7.</summary>
    public ulong Word(int index) => index switch { 0 => Word0, 1 => Word1, 2 => Word2, 3 => Word3, _ => 0 };
}
