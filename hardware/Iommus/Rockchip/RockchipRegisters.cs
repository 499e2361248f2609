namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>Register offsets of one bank and their bits; all registers are 32 bits wide. The map is that of Arm's Mali-400 MMU.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/rockchip-iommu.c, RK_MMU_*; compare drivers/gpu/drm/lima/lima_regs.h.</remarks>
public static class RockchipRegisters
{
    /// <summary>Bytes of the register window.</summary>
    public const ulong WindowSize = 0x100;

    /// <summary>DTE_ADDR: the directory. v1 [31:12] address; v2 also [11:8] address bits 35:32, [7:4] address bits 39:36. The rest is not stored.</summary>
    public const ulong DirectoryAddress = 0x00;

    /// <summary>STATUS: [0] paging enabled, [1] page fault active, [2] stall active, [3] idle, [4] replay buffer empty, [5] the fault was a write, [31] stall not active.</summary>
    public const ulong Status = 0x04;

    /// <summary>COMMAND: a <see cref="RockchipCommand"/>.</summary>
    public const ulong Command = 0x08;

    /// <summary>PAGE_FAULT_ADDR: IOVA of the last fault.</summary>
    public const ulong PageFaultAddress = 0x0c;

    /// <summary>ZAP_ONE_LINE: an IOVA; drops its translation.</summary>
    public const ulong ZapOneLine = 0x10;

    /// <summary>INT_RAWSTAT: [0] page fault, [1] bus error; whatever the mask.</summary>
    public const ulong InterruptRaw = 0x14;

    /// <summary>INT_CLEAR: write one to clear INT_RAWSTAT.</summary>
    public const ulong InterruptClear = 0x18;

    /// <summary>INT_MASK: a set bit enables that interrupt.</summary>
    public const ulong InterruptMask = 0x1c;

    /// <summary>INT_STATUS: INT_RAWSTAT under INT_MASK.</summary>
    public const ulong InterruptStatus = 0x20;

    /// <summary>AUTO_GATING: [31] no time limit for the fetch of a directory entry.</summary>
    public const ulong AutoGating = 0x24;

    /// <summary>STATUS: paging enabled.</summary>
    public const uint PagingEnabled = 1 << 0;

    /// <summary>STATUS: a page fault waits for its acknowledgement.</summary>
    public const uint PageFaultActive = 1 << 1;

    /// <summary>STATUS: stall active.</summary>
    public const uint StallActive = 1 << 2;

    /// <summary>STATUS: idle.</summary>
    public const uint Idle = 1 << 3;

    /// <summary>STATUS: no access waits to be replayed.</summary>
    public const uint ReplayBufferEmpty = 1 << 4;

    /// <summary>STATUS: the page fault was a write.</summary>
    public const uint PageFaultIsWrite = 1 << 5;

    /// <summary>Interrupt: page fault.</summary>
    public const uint PageFault = 1 << 0;

    /// <summary>Interrupt: a table could not be read.</summary>
    public const uint BusError = 1 << 1;

    /// <summary>AUTO_GATING: no time limit for the fetch of a directory entry.</summary>
    public const uint DisableFetchTimeLimit = 1u << 31;

    /// <summary>What the driver writes to DTE_ADDR, run through the address decoder, to see whether the register works (DTE_ADDR_DUMMY).</summary>
    public const uint DirectoryDummy = 0xcafebabe;
}
