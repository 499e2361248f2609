using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.TegraSmmu;

/// <summary>Registers of the SMMU in the memory controller's block, all 32 bits wide, and their fields.</summary>
/// <remarks>Source: Linux drivers/iommu/tegra-smmu.c, the SMMU_* definitions; drivers/memory/tegra/mc.h for MC_*.</remarks>
public static class TegraSmmuRegisters
{
    /// <summary>Bytes of the register window.</summary>
    public const ulong WindowSize = 0x1000;

    /// <summary>MC_INTSTATUS: [6] EMEM decode error, [8] security violation, [10] invalid SMMU page; write one to clear.</summary>
    public const ulong InterruptStatus = 0x00;

    /// <summary>MC_INTMASK: a set bit lets that interrupt through.</summary>
    public const ulong InterruptMask = 0x04;

    /// <summary>MC_ERR_STATUS: [30:28] type, [27] readable, [26] writable, [25] non-secure, [21:20] address bits 33:32, [17] security, [16] write,
    /// [6:0] client ([7:0] on Tegra210).</summary>
    public const ulong ErrorStatus = 0x08;

    /// <summary>MC_ERR_ADR: the failing address, low 32 bits.</summary>
    public const ulong ErrorAddress = 0x0c;

    /// <summary>SMMU_CONFIG: [0] enable.</summary>
    public const ulong Config = 0x10;

    /// <summary>SMMU_TLB_CONFIG: [29] hit under miss, [28] round-robin arbitration, low bits active lines.</summary>
    public const ulong TlbConfig = 0x14;

    /// <summary>SMMU_PTC_CONFIG: [29] enable, [27:24] request limit, [5:0] index map.</summary>
    public const ulong PtcConfig = 0x18;

    /// <summary>SMMU_PTB_ASID: [6:0] whose base PTB_DATA accesses. The driver reads it as a barrier.</summary>
    public const ulong PtbAsid = 0x1c;

    /// <summary>SMMU_PTB_DATA: page directory of the selected ASID: [31] readable, [30] writable, [29] non-secure, low bits PA>>12.</summary>
    public const ulong PtbData = 0x20;

    /// <summary>SMMU_TLB_FLUSH: [31] match ASID, ASID at [30:24] (with 4 ASIDs [30:29]), [19:2] IOVA[31:14], [1:0] 0 all, 2 section, 3 group.</summary>
    public const ulong TlbFlush = 0x30;

    /// <summary>SMMU_PTC_FLUSH: [31:4] atom address, [0] 0 all, 1 by address.</summary>
    public const ulong PtcFlush = 0x34;

    /// <summary>SMMU_PTC_FLUSH_HI: [1:0] address bits 33:32 of the next PTC_FLUSH.</summary>
    public const ulong PtcFlushHigh = 0x9b8;

    /// <summary>MC_INTSTATUS: invalid SMMU page.</summary>
    public const uint InvalidPage = 1 << 10;

    /// <summary>MC_INTSTATUS: security violation.</summary>
    public const uint SecurityViolation = 1 << 8;

    /// <summary>MC_INTSTATUS: EMEM decode error.</summary>
    public const uint DecodeError = 1 << 6;

    /// <summary>Type of error in MC_ERR_STATUS: no memory at the address.</summary>
    public const int DecodeErrorType = 2;

    /// <summary>Type of error in MC_ERR_STATUS: no translation that allows the access.</summary>
    public const int TranslationErrorType = 6;

    /// <summary>SMMU_CONFIG and the swgroups' ASID registers: translate.</summary>
    public const uint ConfigEnable = 1;

    /// <summary>ASID register of a swgroup: [31] translate, [6:0] ASID.</summary>
    public const uint AsidEnable = 1u << 31;

    /// <summary>ASID register of a swgroup: the ASID.</summary>
    public const uint AsidMask = 0x7f;

    /// <summary>SMMU_PTC_CONFIG: the cache is used.</summary>
    public const uint PtcEnable = 1 << 29;

    /// <summary>SMMU_TLB_FLUSH: only entries of the given ASID.</summary>
    public const uint FlushMatchAsid = 1u << 31;

    /// <summary>SMMU_TLB_FLUSH: a section, the 4 MiB of one page directory entry.</summary>
    public const uint FlushSection = 2;

    /// <summary>SMMU_TLB_FLUSH: a group of four pages.</summary>
    public const uint FlushGroup = 3;

    /// <summary>SMMU_PTC_FLUSH: one atom.</summary>
    public const uint PtcFlushAddress = 1;

    private static readonly ulong[] Enables = [0x228, 0x22c, 0x230, 0x234, 0xb98];

    /// <summary>Offset of the register with the gates of 32 clients; a set bit translates.</summary>
    /// <param name="word">Client id / 32, 0 to 4.</param>
    public static ulong Enable(int word) => Enables[word];

    /// <summary>SMMU_PTC_CONFIG as the driver writes it: every index bit, eight requests where there is a limit.</summary>
    public static uint EncodePtcConfig(TegraSmmuHardware hardware) => PtcEnable | (hardware.RequestLimit ? 8u << 24 : 0) | 0x3f;

    /// <summary>SMMU_TLB_CONFIG as the driver writes it: hit under miss, every line.</summary>
    public static uint EncodeTlbConfig(TegraSmmuHardware hardware) => (1u << 29) | (hardware.RoundRobinArbitration ? 1u << 28 : 0) | (uint)hardware.TlbLines;

    /// <summary>SMMU_TLB_FLUSH value.</summary>
    /// <param name="hardware">Says where the ASID goes.</param>
    /// <param name="asid">The ASID.</param>
    /// <param name="match"><see cref="FlushSection"/>, <see cref="FlushGroup"/> or 0 for all.</param>
    /// <param name="iova">An address in the section or group.</param>
    public static uint EncodeTlbFlush(TegraSmmuHardware hardware, int asid, uint match = 0, ulong iova = 0)
    {
        var address = match switch
        {
            FlushSection => (uint)iova & 0xffc00000,
            FlushGroup => (uint)iova & 0xffffc000,
            _ => 0u,
        };
        return FlushMatchAsid | ((uint)asid << (hardware.Asids == 4 ? 29 : 24)) | (address >> 12) | match;
    }

    /// <summary>What an SMMU_TLB_FLUSH value selects.</summary>
    /// <param name="hardware">Says where the ASID is.</param>
    /// <param name="value">The value.</param>
    /// <param name="match">The selected entries; valid when true is returned.</param>
    /// <returns>False for the kind that is reserved.</returns>
    public static bool DecodeTlbFlush(TegraSmmuHardware hardware, ulong value, out TegraSmmuTlbMatch match)
    {
        ulong? asid = (value & FlushMatchAsid) == 0 ? null : value.Bits(30, hardware.Asids == 4 ? 29 : 24);
        var address = value.Bits(19, 2) << 14;
        match = (value & 3) switch
        {
            FlushSection => new TegraSmmuTlbMatch(asid, address & 0xffc00000, address | 0x3fffff),
            FlushGroup => new TegraSmmuTlbMatch(asid, address, address | 0x3fff),
            _ => new TegraSmmuTlbMatch(asid, 0, ulong.MaxValue),
        };
        return (value & 3) != 1;
    }

    /// <summary>MC_ERR_STATUS value.</summary>
    /// <param name="hardware">Says how wide the client id and the address are.</param>
    /// <param name="type">The type of error.</param>
    /// <param name="attributes">Three bits of the entry found: readable, writable, non-secure.</param>
    /// <param name="address">The failing address.</param>
    /// <param name="write">The direction.</param>
    /// <param name="client">The client id.</param>
    public static uint EncodeErrorStatus(TegraSmmuHardware hardware, int type, uint attributes, ulong address, bool write, uint client) =>
        ((uint)type << 28) | (attributes << 25) | (hardware.AddressBits > 32 ? (uint)address.Bits(33, 32) << 20 : 0)
        | (write ? 1u << 16 : 0) | (client & ((1u << hardware.ClientBits) - 1));
}
