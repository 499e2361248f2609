namespace Emulator.Hardware.Iommus.MtkV1;

/// <summary>Registers of the M4U and of the SMI's always-on part. Source: Linux drivers/iommu/mtk_iommu_v1.c:34-78, drivers/memory/mtk-smi.c:55-71.</summary>
public static class MtkV1Registers
{
    /// <summary>Bytes of the window: the M4U's 4 KiB, and at <see cref="Smi"/> the SMI's.</summary>
    public const ulong WindowSize = 0x11000;

    /// <summary>Where this window shows the SMI's always-on part. In the chip it is a device of its own.</summary>
    public const ulong Smi = 0x10000;

    /// <summary>PT_BASE_ADDR: address of the table.</summary>
    public const ulong TableBase = 0x000;

    /// <summary>CTRL.</summary>
    public const ulong Control = 0x210;

    /// <summary>IVRP_PADDR: address of the protect buffer.</summary>
    public const ulong ProtectAddress = 0x214;

    /// <summary>INT_CONTROL.</summary>
    public const ulong InterruptControl = 0x220;

    /// <summary>FAULT_ST, see <see cref="MtkV1Fault"/>.</summary>
    public const ulong FaultStatus = 0x224;

    /// <summary>FAULT_VA: [31:12] the address.</summary>
    public const ulong FaultAddress = 0x228;

    /// <summary>INVLD_PA: the output address concerned.</summary>
    public const ulong InvalidPhysical = 0x22c;

    /// <summary>INT_ID: whose DMA.</summary>
    public const ulong InterruptId = 0x388;

    /// <summary>INVALIDATE: <see cref="InvalidateRange"/> or <see cref="InvalidateAll"/>.</summary>
    public const ulong Invalidate = 0x5c0;

    /// <summary>INVLD_START.</summary>
    public const ulong InvalidateStart = 0x5c4;

    /// <summary>INVLD_END: the last page, included.</summary>
    public const ulong InvalidateEnd = 0x5c8;

    /// <summary>INV_SEL: a bit for each of the two TLBs.</summary>
    public const ulong InvalidateSelect = 0x5d8;

    /// <summary>STANDARD_AXI_MODE: saved and restored only.</summary>
    public const ulong StandardAxiMode = 0x5e8;

    /// <summary>DCM: clock management.</summary>
    public const ulong ClockManagement = 0x5f0;

    /// <summary>CPE_DONE: not zero when a range invalidation is done, until software writes 0.</summary>
    public const ulong InvalidationDone = 0x60c;

    /// <summary>SMI_SECUR_CON: eight ports in a word, a nibble each.</summary>
    public const ulong PortControl = Smi + 0x5c0;

    /// <summary>Words of <see cref="PortControl"/>.</summary>
    public const int PortControlWords = 8;

    /// <summary>CTRL as Linux writes it: coherent, faulting accesses go to the protect address.</summary>
    public const uint ControlValue = 0x140;

    /// <summary>CTRL: where faulting accesses go.</summary>
    public const uint FaultDestinationMask = 3u << 5;

    /// <summary>CTRL: to the protect address.</summary>
    public const uint FaultsToProtectAddress = 2u << 5;

    /// <summary>INT_CONTROL: all causes enabled.</summary>
    public const uint InterruptEnables = 0xff;

    /// <summary>INT_CONTROL: drops the record.</summary>
    public const uint InterruptClear = 1u << 12;

    /// <summary>INVALIDATE: the range.</summary>
    public const uint InvalidateRange = 1;

    /// <summary>INVALIDATE: everything.</summary>
    public const uint InvalidateAll = 2;

    /// <summary>INV_SEL: both TLBs.</summary>
    public const uint BothTlbs = 3;

    /// <summary>DCM as Linux writes it.</summary>
    public const uint ClockManagementValue = 2;

    /// <summary>A port's nibble: DMA goes through the M4U.</summary>
    public const uint PortVirtual = 8;

    /// <summary>A port's nibble as Linux writes it: through the M4U, domain 3.</summary>
    public const uint PortTranslated = 0xe;
}
