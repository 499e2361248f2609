namespace Emulator.Hardware.Iommus.Sun50i;

/// <summary>Registers of the Allwinner H6 and H616 IOMMU; all are 32 bits wide.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/sun50i-iommu.c, the IOMMU_* definitions; Allwinner H616 user manual 3.12.5 for what the driver does not touch.</remarks>
public static class Sun50iRegisters
{
    /// <summary>Bytes of the window: the IOMMU's own 64 KiB, and above them the word of the clock unit that belongs to it.</summary>
    public const ulong WindowSize = 0x11000;

    /// <summary>RESET: a clear bit holds that master's micro TLB in reset.</summary>
    public const ulong Reset = 0x010;

    /// <summary>ENABLE: [0] translation on.</summary>
    public const ulong Enable = 0x020;

    /// <summary>BYPASS: bit per master, its DMA is not translated.</summary>
    public const ulong Bypass = 0x030;

    /// <summary>AUTO_GATING: [0] clock gating.</summary>
    public const ulong AutoGating = 0x040;

    /// <summary>WBUF_CTRL, OOO_CTRL and 4KB_BDY_PRT_CTRL: bit per master, not touched by Linux.</summary>
    public const ulong WriteBuffer = 0x044;

    /// <summary>TTB: [31:14] the first-level table.</summary>
    public const ulong TableBase = 0x050;

    /// <summary>TLB_ENABLE: bit per master, [16] macro TLB, [17] page-walk cache. Not touched by Linux.</summary>
    public const ulong TlbEnable = 0x060;

    /// <summary>TLB_PREFETCH: bit per master.</summary>
    public const ulong TlbPrefetch = 0x070;

    /// <summary>TLB_FLUSH: bit per micro TLB, [16] macro TLB, [17] page-walk cache; reads 0 when done.</summary>
    public const ulong TlbFlush = 0x080;

    /// <summary>TLB_IVLD_ADDR: address to invalidate.</summary>
    public const ulong InvalidateAddress = 0x090;

    /// <summary>TLB_IVLD_ADDR_MASK: the bits of it that count.</summary>
    public const ulong InvalidateMask = 0x094;

    /// <summary>TLB_IVLD_ENABLE: [0] start; reads 0 when done.</summary>
    public const ulong Invalidate = 0x098;

    /// <summary>PC_IVLD_ADDR: address whose first-level word leaves the page-walk cache.</summary>
    public const ulong InvalidateWalkAddress = 0x0a0;

    /// <summary>PC_IVLD_ENABLE: [0] start; reads 0 when done.</summary>
    public const ulong InvalidateWalk = 0x0a8;

    /// <summary>DM_AUT_CTRL of authorities 0 and 1; two a word: [2m] reads of master m denied, [2m+1] writes denied, the odd authority 16 bits higher.</summary>
    public const ulong Authority = 0x0b0;

    /// <summary>DM_AUT_OVWT: override of the authorities; not touched by Linux.</summary>
    public const ulong AuthorityOverride = 0x0d0;

    /// <summary>INT_ENABLE: which bits of INT_STA raise the interrupt.</summary>
    public const ulong InterruptEnable = 0x100;

    /// <summary>INT_CLR: write one to clear.</summary>
    public const ulong InterruptClear = 0x104;

    /// <summary>INT_STA: bit m permission fault of master m, [16] invalid first-level word, [17] invalid second-level word.</summary>
    public const ulong InterruptStatus = 0x108;

    /// <summary>INT_ERR_ADDR of master 0: address of a permission fault.</summary>
    public const ulong ErrorAddress = 0x110;

    /// <summary>INT_ERR_ADDR_L1: address that met an invalid first-level word.</summary>
    public const ulong ErrorAddressL1 = 0x130;

    /// <summary>INT_ERR_ADDR_L2: address that met an invalid second-level word.</summary>
    public const ulong ErrorAddressL2 = 0x134;

    /// <summary>INT_ERR_DATA of master 0: the second-level word of a permission fault.</summary>
    public const ulong ErrorData = 0x150;

    /// <summary>L1PG_INT: masters that met an invalid first-level word.</summary>
    public const ulong BlameL1 = 0x180;

    /// <summary>L2PG_INT: masters that met an invalid second-level word.</summary>
    public const ulong BlameL2 = 0x184;

    /// <summary>The clock unit's IOMMU_BGR (0x7bc there), shown here behind the window: [16] reset line released, [0] clock on.</summary>
    public const ulong BusGateReset = 0x107bc;

    /// <summary>IOMMU_BGR: reset released.</summary>
    public const uint ResetReleased = 1 << 16;

    /// <summary>IOMMU_BGR: clock on.</summary>
    public const uint ClockOn = 1;

    /// <summary>RESET: nothing is held.</summary>
    public const uint ReleaseAll = 0xffffffff;

    /// <summary>The six masters that the driver knows.</summary>
    public const uint Masters = 0x3f;

    /// <summary>TLB_FLUSH, TLB_ENABLE: the macro TLB.</summary>
    public const uint MacroTlb = 1 << 16;

    /// <summary>TLB_FLUSH, TLB_ENABLE: the page-walk cache.</summary>
    public const uint WalkCache = 1 << 17;

    /// <summary>TLB_FLUSH: all that the driver knows of.</summary>
    public const uint FlushAll = WalkCache | MacroTlb | Masters;

    /// <summary>INT_STA: number of the bit of an invalid first-level word.</summary>
    public const int InvalidL1Bit = 16;

    /// <summary>INT_STA: number of the bit of an invalid second-level word.</summary>
    public const int InvalidL2Bit = 17;

    /// <summary>INT_ENABLE: all interrupts that the driver knows.</summary>
    public const uint AllInterrupts = (1 << InvalidL1Bit) | (1 << InvalidL2Bit) | Masters;
}
