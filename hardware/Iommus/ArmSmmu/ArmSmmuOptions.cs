using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmu;

/// <summary>What an SMMU implements: the content of its identification registers, and what no register shows.</summary>
/// <remarks>The defaults are those of a large MMU-500 ([model] choice): both stages, 128 stream matching entries, 128 context banks, 48-bit addresses.</remarks>
public sealed record ArmSmmuOptions
{
    private static readonly int[] AddressSizes = [32, 36, 40, 42, 44, 48];

    /// <summary>The architecture, 1 or 2. Version 1 has AArch32 tables only, neither CBA2R nor TCR2.</summary>
    public int Version { get; init; } = 2;

    /// <summary>ID0: S1TS 30, S2TS 29, NTS 28, SMS 27, ATOSNS 26, no AArch32 25, no AArch32 short 24, NUMIRPT 23:16, CTTW 14, NUMSIDB 12:9, EXIDS 8, NUMSMRG 7:0.</summary>
    public uint Id0 { get; init; } = 1u << 30 | 1u << 29 | 1u << 27 | 1u << 14 | 15u << 9 | 128u;

    /// <summary>ID1, see <see cref="ArmSmmuLayout"/>: 128 pages of 4 KiB in each half, 128 banks, none for stage 2 only.</summary>
    public uint Id1 { get; init; } = 6u << 28 | 128u;

    /// <summary>ID2: VMID16 15, granules 64K 14, 16K 13, 4K 12, UBS 11:8, OAS 7:4, IAS 3:0.</summary>
    public uint Id2 { get; init; } = 7u << 12 | 5u << 8 | 5u << 4 | 5u;

    /// <summary>ID7.</summary>
    public uint Id7 { get; init; } = 0x20;

    /// <summary>sACR after reset.</summary>
    public uint AuxiliaryReset { get; init; }

    /// <summary>A hypervisor of Qualcomm's mediates the S2CRs: writes of type fault are dropped, writes of type bypass become fault.</summary>
    /// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu/arm-smmu-qcom.c:301.</remarks>
    public bool FirmwareRewritesStreams { get; init; }

    /// <summary>Requests that can be stalled at once, 0 to 256; beyond them a fault terminates.</summary>
    public int StallCapacity { get; init; } = 16;

    /// <summary>Size and shape of the TLB.</summary>
    public IotlbGeometry Iotlb { get; init; } = new();

    /// <summary>S1TS: stage 1.</summary>
    public bool Stage1 => (Id0 & 1u << 30) != 0;

    /// <summary>S2TS: stage 2.</summary>
    public bool Stage2 => (Id0 & 1u << 29) != 0;

    /// <summary>SMS: streams are matched, else they index the S2CRs.</summary>
    public bool StreamMatching => (Id0 & 1u << 27) != 0;

    /// <summary>Registers that translate an address exist: always in version 1, else unless ATOSNS.</summary>
    public bool AddressTranslation => Stage1 && (Version == 1 || (Id0 & 1u << 26) == 0);

    /// <summary>AArch32 long-descriptor tables.</summary>
    public bool Aarch32 => Version == 1 || (Id0 & 1u << 25) == 0;

    /// <summary>EXIDS: 16-bit StreamIDs.</summary>
    public bool ExtendedIds => Version == 2 && (Id0 & 1u << 8) != 0;

    /// <summary>NUMSIDB: bits of StreamID without EXIDENABLE.</summary>
    public int StreamIdBits => ((ulong)Id0).Number(12, 9);

    /// <summary>SMR and S2CR pairs, or S2CRs alone.</summary>
    public int StreamEntries => StreamMatching ? ((ulong)Id0).Number(7, 0) : 1 << StreamIdBits;

    /// <summary>VMID16: 16-bit VMIDs.</summary>
    public bool WideVmids => (Id2 & 1u << 15) != 0;

    /// <summary>UBS (version 1: IAS): bits of address that reach the SMMU.</summary>
    public int InputBits => Decode(((ulong)Id2).Number(Version == 1 ? 3 : 11, Version == 1 ? 0 : 8));

    /// <summary>OAS: bits of output address.</summary>
    public int OutputBits => Decode(((ulong)Id2).Number(7, 4));

    /// <summary>The register pages.</summary>
    public ArmSmmuLayout Layout => new(Id1);

    /// <summary>Whether AArch64 tables with a granule of 2^<paramref name="shift"/> bytes are implemented.</summary>
    public bool HasGranule(int shift) => shift switch { 12 => (Id2 & 1u << 12) != 0, 14 => (Id2 & 1u << 13) != 0, 16 => (Id2 & 1u << 14) != 0, _ => false };

    /// <summary>The bits that a code of IAS, OAS, UBS, PASIZE or PS stands for: 32, 36, 40, 42, 44; 48 for 5 and above.</summary>
    public static int Decode(int code) => AddressSizes[Math.Min(code, AddressSizes.Length - 1)];

    /// <summary>Refuses what cannot be.</summary>
    /// <exception cref="ArgumentException">A version other than 1 and 2; more S2CRs than a page holds; more context banks than pages or than 128.</exception>
    internal void Check()
    {
        if (Version is not (1 or 2))
            throw new ArgumentException($"an SMMU of version {Version}: 1 or 2");
        if (StreamEntries is < 1 or > 256)
            throw new ArgumentException($"ID0 0x{Id0:x} has {StreamEntries} stream entries: 1 to 256");
        if (Layout.Banks is < 1 or > 128 || Layout.Banks > Layout.Pages || Layout.Stage2Banks > Layout.Banks)
            throw new ArgumentException($"ID1 0x{Id1:x} has {Layout.Banks} context banks, {Layout.Stage2Banks} for stage 2 only, in {Layout.Pages} pages: 1 to 128, a page for each");
        if (StallCapacity is < 0 or > 256)
            throw new ArgumentException($"{StallCapacity} stalled requests: 0 to 256");
    }
}
