namespace Emulator.Hardware.Iommus.Mtk;

/// <summary>Registers of the second-generation M4U, of the SMI larbs and of the blocks beside them. Source: Linux drivers/iommu/mtk_iommu.c:34-124, drivers/memory/mtk-smi.c.</summary>
public static class MtkRegisters
{
    /// <summary>Bytes of a bank's registers; bank b is at b times this.</summary>
    public const ulong BankSize = 0x1000;

    /// <summary>PT_BASE: [31:7] the table's address, [2:0] its bits 34:32.</summary>
    public const ulong TableBase = 0x000;

    /// <summary>INVALIDATE: <see cref="InvalidateRange"/> or <see cref="InvalidateAll"/>.</summary>
    public const ulong Invalidate = 0x020;

    /// <summary>INVLD_START: [31:12] and, in [1:0], bits 33:32 of the first page.</summary>
    public const ulong InvalidateStart = 0x024;

    /// <summary>INVLD_END: the last page.</summary>
    public const ulong InvalidateEnd = 0x028;

    /// <summary>MISC_CTRL: [3][19] standard AXI, [1][17] writes in order.</summary>
    public const ulong Miscellaneous = 0x048;

    /// <summary>DCM_DIS.</summary>
    public const ulong ClockManagement = 0x050;

    /// <summary>WR_LEN_CTRL: [5][21] write throttling off.</summary>
    public const ulong WriteLength = 0x054;

    /// <summary>CTRL: faults go to the protect address.</summary>
    public const ulong Control = 0x110;

    /// <summary>IVRP_PADDR: the protect buffer's address.</summary>
    public const ulong ProtectAddress = 0x114;

    /// <summary>VLD_PA_RNG: [10:8] highest and [2:0] lowest of bits 32:30 of a valid output address.</summary>
    public const ulong ValidRange = 0x118;

    /// <summary>INT_CONTROL0: [6:0] enables, [12] clear.</summary>
    public const ulong InterruptControl = 0x120;

    /// <summary>INT_MAIN_CONTROL: [6:0] causes of mmu0, [13:7] of mmu1.</summary>
    public const ulong InterruptMain = 0x124;

    /// <summary>CPE_DONE: not zero when a range invalidation is done, until software writes 0.</summary>
    public const ulong InvalidationDone = 0x12c;

    /// <summary>FAULT_ST1: [6:0] causes of mmu0, [13:7] of mmu1; see <see cref="MtkFault"/>.</summary>
    public const ulong FaultStatus = 0x134;

    /// <summary>FAULT_VA of mmu0; that of mmu1 is 8 bytes on.</summary>
    public const ulong FaultAddress = 0x13c;

    /// <summary>INVLD_PA of mmu0; that of mmu1 is 8 bytes on.</summary>
    public const ulong InvalidPhysical = 0x140;

    /// <summary>INT_ID of mmu0; that of mmu1 is 4 bytes on.</summary>
    public const ulong InterruptId = 0x150;

    /// <summary>INFRA_MISC in the infrastructure configuration: [13] the DRAM is remapped for 4 GiB.</summary>
    public const ulong InfraMiscellaneous = 0xf00;

    /// <summary>INFRA_MISC: 4 GiB mode.</summary>
    public const uint FourGigabytes = 1u << 13;

    /// <summary>PERICFG_IOMMU_1 in the peripheral configuration: a bit for each port of an infrastructure IOMMU.</summary>
    public const ulong PeripheralPorts = 0x714;

    /// <summary>A larb's SMI_LARB_NONSEC_CON of port 0: [0] through the M4U, [9:8] and three copies the region.</summary>
    public const ulong LarbPort = 0x380;

    /// <summary>Not a register: where a call into firmware is modelled, the ports to switch on - of a larb the whole mask.</summary>
    public const ulong FirmwareEnable = 0;

    /// <summary>Not a register: where a call into firmware is modelled, the ports of an infrastructure IOMMU to switch off.</summary>
    public const ulong FirmwareDisable = 4;

    /// <summary>INVALIDATE: the range.</summary>
    public const uint InvalidateRange = 1;

    /// <summary>INVALIDATE: everything.</summary>
    public const uint InvalidateAll = 2;

    /// <summary>INV_SEL: both mmus.</summary>
    public const uint BothMmus = 3;

    /// <summary>CTRL: faults go to the protect address.</summary>
    public const uint FaultsToProtectAddress = 0x20;

    /// <summary>CTRL of mt8173 and mt6795: faults go to the protect address.</summary>
    public const uint FaultsToProtectAddressMt8173 = 0x40;

    /// <summary>CTRL of mt8173 and mt6795 as Linux writes it: faults go to the protect address by a bit one higher, and [4] replacement in real time.</summary>
    public const uint ControlMt8173 = 0x50;

    /// <summary>VLD_PA_RNG in 4 GiB mode: bits 32:30 are 4 to 7.</summary>
    public const uint ValidRange4GiB = 0x704;

    /// <summary>DCM_DIS as Linux writes it where clock management is to be off.</summary>
    public const uint ClockManagementOff = 0x100;

    /// <summary>WR_LEN_CTRL: throttling off.</summary>
    public const uint WriteThrottlingOff = (1u << 5) | (1u << 21);

    /// <summary>MISC_CTRL: standard AXI.</summary>
    public const uint StandardAxi = (1u << 3) | (1u << 19);

    /// <summary>MISC_CTRL: writes in order.</summary>
    public const uint WritesInOrder = (1u << 1) | (1u << 17);

    /// <summary>INT_CONTROL0 as Linux writes it.</summary>
    public const uint InterruptEnables = 0x6f;

    /// <summary>INT_CONTROL0: drops the record.</summary>
    public const uint InterruptClear = 1u << 12;

    /// <summary>INT_MAIN_CONTROL as Linux writes it: every cause of both mmus.</summary>
    public const uint AllCauses = 0x3fff;

    /// <summary>FAULT_ST1: causes of one mmu.</summary>
    public const uint CauseMask = 0x7f;

    /// <summary>FAULT_ST1: from mmu0 to mmu1.</summary>
    public const int SecondMmuShift = 7;

    /// <summary>FAULT_VA: it was a write.</summary>
    public const uint FaultWrite = 1u << 1;

    /// <summary>SMI_LARB_NONSEC_CON: through the M4U.</summary>
    public const uint LarbPortEnable = 1;

    /// <summary>The four copies of a region number in SMI_LARB_NONSEC_CON.</summary>
    public static uint RegionBits(uint region) => (region & 3) * 0x5500;
}
