namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Registers of the SysMMU that all versions have at the same place; all registers are 32 bits wide. <see cref="ExynosRegisterLayout"/> has the others.</summary>
/// <remarks>Source: Linux 6.1 and 6.12 drivers/iommu/exynos-iommu.c, the REG_*, CTRL_*, CFG_* and CAPA* definitions.</remarks>
public static class ExynosRegisters
{
    /// <summary>Bytes of the register window.</summary>
    public const ulong WindowSize = 0x10000;

    /// <summary>CTRL: [0] enable, [1] block, [2] set by Linux together with enable.</summary>
    public const ulong Control = 0x000;

    /// <summary>CFG: [0] LRU, [2] EAP, [10:7] QoS, [20] FLPD cache, [22] SYSSEL, [24] clock gating.</summary>
    public const ulong Configuration = 0x004;

    /// <summary>STATUS: [0] blocked.</summary>
    public const ulong Status = 0x008;

    /// <summary>VERSION: [31:28] major, [27:21] minor.</summary>
    public const ulong Version = 0x034;

    /// <summary>v1 to v3: IOVA of a page fault.</summary>
    public const ulong PageFaultAddress = 0x024;

    /// <summary>v1 to v3: IOVA of another fault of a write.</summary>
    public const ulong EarlyWriteFaultAddress = 0x028;

    /// <summary>v1 to v3: IOVA of another fault of a read.</summary>
    public const ulong EarlyReadFaultAddress = 0x02c;

    /// <summary>v1 to v3: IOVA of a bus error (default slave).</summary>
    public const ulong BusErrorAddress = 0x030;

    /// <summary>v5 and v7: IOVA of a read's fault; v7: of any fault.</summary>
    public const ulong ReadFaultAddress = 0x070;

    /// <summary>v5: IOVA of a write's fault.</summary>
    public const ulong WriteFaultAddress = 0x080;

    /// <summary>v7 CAPA0: [11] CAPA1 exists.</summary>
    public const ulong Capability0 = 0x870;

    /// <summary>v7 CAPA1: [14] VM registers are present.</summary>
    public const ulong Capability1 = 0x874;

    /// <summary>v7 CTRL_VM of machine 0: [0] enable, [3] stall on a fault.</summary>
    public const ulong ControlVm = 0x8000;

    /// <summary>CTRL: off.</summary>
    public const uint ControlDisable = 0;

    /// <summary>CTRL: translate.</summary>
    public const uint ControlEnable = 0x5;

    /// <summary>CTRL: hold requests.</summary>
    public const uint ControlBlock = 0x7;

    /// <summary>CTRL: the enable bit.</summary>
    public const uint EnableBit = 1 << 0;

    /// <summary>CTRL: the block bit.</summary>
    public const uint BlockBit = 1 << 1;

    /// <summary>CFG: least recently used entries are replaced.</summary>
    public const uint ReplaceLru = 1 << 0;

    /// <summary>CFG: access-permission bits are checked (EAP).</summary>
    public const uint CheckAccess = 1 << 2;

    /// <summary>CFG: quality of service 15, bits [10:7].</summary>
    public const uint HighestQos = 15 << 7;

    /// <summary>CFG: the cache of first-level words (FLPD) is used; v3.2 and later.</summary>
    public const uint UseFlpdCache = 1 << 20;

    /// <summary>CFG: SYSSEL; v3.2.</summary>
    public const uint SystemSelect = 1 << 22;

    /// <summary>CFG: clock gating; v3.3 and later.</summary>
    public const uint GateClock = 1 << 24;

    /// <summary>STATUS: blocked.</summary>
    public const uint Blocked = 1;

    /// <summary>FLUSH_ALL, FLUSH_RANGE, FLUSH_ENTRY: do it.</summary>
    public const uint Flush = 1;

    /// <summary>CAPA0: there is a CAPA1.</summary>
    public const uint HasCapability1 = 1 << 11;

    /// <summary>CAPA1: there are VM registers.</summary>
    public const uint HasVmRegisters = 1 << 14;

    /// <summary>CTRL_VM: enable.</summary>
    public const uint VmEnable = 1 << 0;

    /// <summary>CTRL_VM: a fault stalls.</summary>
    public const uint VmStall = 1 << 3;

    /// <summary>v7 fault information: it was a write.</summary>
    public const uint FaultOfWrite = 1 << 20;

    /// <summary>FLUSH_ENTRY of the page that holds an address.</summary>
    public static uint FlushEntry(uint iova) => (iova & ~0xfffu) | Flush;
}
