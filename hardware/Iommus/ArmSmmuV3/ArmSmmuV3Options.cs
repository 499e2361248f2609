using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>What an SMMUv3 implements: the content of its identification registers, and the choices that no register shows.</summary>
/// <remarks>The defaults are those of a server SMMU of the 3.2 generation ([model] choice); every value is one that the architecture allows.</remarks>
public sealed record ArmSmmuV3Options
{
    private static readonly int[] OutputSizes = [32, 36, 40, 42, 44, 48, 52];

    /// <summary>IDR0, see the table of registers.</summary>
    public uint Idr0 { get; init; }
        = 1u << 0 // S2P
        | 1u << 1 // S1P
        | 2u << 2 // TTF: VMSAv8-64
        | 1u << 4 // COHACC
        | 1u << 9 // HYP
        | 1u << 10 // ATS
        | 1u << 12 // ASID16
        | 1u << 13 // MSI
        | 1u << 14 // SEV
        | 1u << 16 // PRI
        | 1u << 18 // VMID16
        | 1u << 19 // CD2L
        | 2u << 21 // TTENDIAN: little
        | 0u << 24 // STALL_MODEL: stall and terminate
        | 1u << 27; // ST_LVL: two levels

    /// <summary>IDR1: 16 bits of StreamID, 20 of SubstreamID, queues of up to 2^19 entries.</summary>
    public uint Idr1 { get; init; } = 16u | 20u << 6 | 19u << 11 | 19u << 16 | 19u << 21;

    /// <summary>IDR3: RIL 10.</summary>
    public uint Idr3 { get; init; } = 1u << 10;

    /// <summary>IDR5: OAS 48 bits, 4K, 16K and 64K granules, STALL_MAX 256.</summary>
    public uint Idr5 { get; init; } = 5u | 1u << 4 | 1u << 5 | 1u << 6 | 256u << 16;

    /// <summary>GBPA after reset. The ABORT bit's reset value is implementation defined; 0, bypass, is the [model] choice.</summary>
    public uint GbpaReset { get; init; }

    /// <summary>Size and shape of the IOTLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>STEs and, separately, CDs that are cached; 0 caches none. No limit is the [model] choice.</summary>
    public int ConfigurationEntries { get; init; } = int.MaxValue;

    /// <summary>S1P: stage 1 is implemented.</summary>
    public bool Stage1 => (Idr0 & 1u << 1) != 0;

    /// <summary>S2P: stage 2 is implemented.</summary>
    public bool Stage2 => (Idr0 & 1u << 0) != 0;

    /// <summary>ATS.</summary>
    public bool Ats => (Idr0 & 1u << 10) != 0;

    /// <summary>ASID16: ASIDs have 16 bits, else 8.</summary>
    public bool WideAsids => (Idr0 & 1u << 12) != 0;

    /// <summary>MSI: message signalled interrupts.</summary>
    public bool Msi => (Idr0 & 1u << 13) != 0;

    /// <summary>PRI.</summary>
    public bool Pri => (Idr0 & 1u << 16) != 0;

    /// <summary>VMID16: VMIDs have 16 bits, else 8.</summary>
    public bool WideVmids => (Idr0 & 1u << 18) != 0;

    /// <summary>CD2L: two-level CD tables.</summary>
    public bool TwoLevelContextTables => (Idr0 & 1u << 19) != 0;

    /// <summary>HYP: the EL2 stream world.</summary>
    public bool Hyp => (Idr0 & 1u << 9) != 0;

    /// <summary>STALL_MODEL 25:24.</summary>
    public StallModel StallModel => (StallModel)((Idr0 >> 24) & 3);

    /// <summary>TERM_MODEL 26: terminated requests are always aborted, a CD with A = 0 is illegal.</summary>
    public bool AlwaysAbort => (Idr0 & 1u << 26) != 0;

    /// <summary>ST_LVL 28:27: two-level stream tables.</summary>
    public bool TwoLevelStreamTables => ((Idr0 >> 27) & 3) == 1;

    /// <summary>SIDSIZE 5:0: bits of StreamID.</summary>
    public int StreamIdBits => (int)(Idr1 & 0x3f);

    /// <summary>SSIDSIZE 10:6: bits of SubstreamID.</summary>
    public int SubstreamIdBits => (int)((Idr1 >> 6) & 0x1f);

    /// <summary>CMDQS 25:21, EVTQS 20:16, PRIQS 15:11: log2 of the largest queue.</summary>
    public (int Command, int Event, int PageRequest) MaxQueueLog2 => ((int)((Idr1 >> 21) & 0x1f), (int)((Idr1 >> 16) & 0x1f), (int)((Idr1 >> 11) & 0x1f));

    /// <summary>HAD, IDR3 2: permissions in table descriptors can be ignored.</summary>
    public bool HierarchyDisable => (Idr3 & 1u << 2) != 0;

    /// <summary>RIL, IDR3 10: range invalidation.</summary>
    public bool RangeInvalidation => (Idr3 & 1u << 10) != 0;

    /// <summary>OAS, IDR5 2:0, as a number of bits.</summary>
    public int OutputBits => DecodeOutputSize((int)(Idr5 & 7));

    /// <summary>VAX, IDR5 11:10 is 1: 52 bits of stage 1 input with the 64K granule, else 48.</summary>
    public bool LargeInput => ((Idr5 >> 10) & 3) == 1;

    /// <summary>STALL_MAX, IDR5 31:16: requests that can be stalled at once.</summary>
    public int StallMax => (int)(Idr5 >> 16);

    /// <summary>Whether a granule of 2^<paramref name="shift"/> bytes is implemented.</summary>
    public bool HasGranule(int shift) => shift switch { 12 => (Idr5 & 1u << 4) != 0, 14 => (Idr5 & 1u << 5) != 0, 16 => (Idr5 & 1u << 6) != 0, _ => false };

    /// <summary>The bits that a code of OAS, IPS or S2PS stands for: 32 to 52. The reserved code 7 is taken as 6.</summary>
    public static int DecodeOutputSize(int code) => OutputSizes[Math.Min(code, OutputSizes.Length - 1)];

    /// <summary>Refuses what this silicon does not model.</summary>
    /// <exception cref="ArgumentException">Tables other than little-endian VMSAv8-64, hardware updates of tables (HTTU), more than 32 bits of StreamID, or 20 of SubstreamID.</exception>
    internal void Check()
    {
        if ((Idr0 & 2u << 2) == 0 || ((Idr0 >> 21) & 3) == 3 || (Idr0 & 3u << 6) != 0 || StallModel > StallModel.StallForced)
            throw new ArgumentException($"IDR0 0x{Idr0:x}: only VMSAv8-64 tables (TTF bit 3), little-endian (TTENDIAN not 3), no HTTU and stall models 0 to 2 are modelled");
        if (StreamIdBits > 32 || SubstreamIdBits > 20)
            throw new ArgumentException($"IDR1 0x{Idr1:x}: at most 32 bits of StreamID and 20 of SubstreamID");
        ArgumentOutOfRangeException.ThrowIfNegative(ConfigurationEntries);
    }

    /// <summary>Declares the identification registers.</summary>
    internal void Declare(RegisterFile file)
    {
        file.Add(ArmSmmuV3Registers.Idr0, 4, "IDR0", RegisterAccess.ReadOnly, Idr0, "S2P 0, S1P 1, TTF 3:2, COHACC 4, HYP 9, ATS 10, ASID16 12, MSI 13, SEV 14, PRI 16, VMID16 18, CD2L 19, TTENDIAN 22:21, STALL_MODEL 25:24, TERM_MODEL 26, ST_LVL 28:27");
        file.Add(ArmSmmuV3Registers.Idr1, 4, "IDR1", RegisterAccess.ReadOnly, Idr1, "SIDSIZE 5:0, SSIDSIZE 10:6, PRIQS 15:11, EVTQS 20:16, CMDQS 25:21, REL 28, QUEUES_PRESET 29, TABLES_PRESET 30");
        file.Add(ArmSmmuV3Registers.Idr2, 4, "IDR2", RegisterAccess.ReadOnly);
        file.Add(ArmSmmuV3Registers.Idr3, 4, "IDR3", RegisterAccess.ReadOnly, Idr3, "HAD 2, RIL 10");
        file.Add(ArmSmmuV3Registers.Idr4, 4, "IDR4", RegisterAccess.ReadOnly);
        file.Add(ArmSmmuV3Registers.Idr5, 4, "IDR5", RegisterAccess.ReadOnly, Idr5, "OAS 2:0, GRAN4K 4, GRAN16K 5, GRAN64K 6, VAX 11:10, STALL_MAX 31:16");
        file.Add(ArmSmmuV3Registers.Iidr, 4, "IIDR", RegisterAccess.ReadOnly);
    }
}
