namespace Emulator.Hardware.Iommus.Omap;

/// <summary>Register offsets and bits of the OMAP MMU; all registers are 32 bits wide.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/omap-iommu.h; OMAP35x and DRA7 technical reference manuals, chapter MMU.</remarks>
public static class OmapRegisters
{
    /// <summary>Bytes of the register window.</summary>
    public const ulong WindowSize = 0x100;

    /// <summary>MMU_REVISION: [7:4] major, [3:0] minor. Read only.</summary>
    public const ulong Revision = 0x00;

    /// <summary>MMU_IRQSTATUS, a bit for each <see cref="OmapFault"/>; writing a one clears.</summary>
    public const ulong IrqStatus = 0x18;

    /// <summary>MMU_IRQENABLE, the same bits: which of them raise the interrupt.</summary>
    public const ulong IrqEnable = 0x1c;

    /// <summary>MMU_WALKING_ST: [0] a table walk is under way. Read only.</summary>
    public const ulong WalkingStatus = 0x40;

    /// <summary>MMU_CNTL: [1] MMU enable, [2] table walk enable, [3] TLB update by the emulator.</summary>
    public const ulong Control = 0x44;

    /// <summary>MMU_FAULT_AD: the address that faulted last. Read only.</summary>
    public const ulong FaultAddress = 0x48;

    /// <summary>MMU_TTB: [31:7] address of the first-level table.</summary>
    public const ulong TableBase = 0x4c;

    /// <summary>MMU_LOCK: [14:10] base, the number of locked TLB entries; [8:4] victim, the entry that is loaded or read next.</summary>
    public const ulong Lock = 0x50;

    /// <summary>MMU_LD_TLB: writing 1 loads CAM and RAM into the victim entry.</summary>
    public const ulong LoadTlb = 0x54;

    /// <summary>MMU_CAM: [31:12] VA tag, [3] preserved, [2] valid, [1:0] size.</summary>
    public const ulong Cam = 0x58;

    /// <summary>MMU_RAM: [31:12] PA, [9] big endian, [8:7] element size, [6] mixed.</summary>
    public const ulong Ram = 0x5c;

    /// <summary>MMU_GFLUSH: writing 1 flushes every entry that is not preserved.</summary>
    public const ulong GlobalFlush = 0x60;

    /// <summary>MMU_FLUSH_ENTRY: writing 1 flushes the entry of the address in CAM, preserved or not.</summary>
    public const ulong FlushEntry = 0x64;

    /// <summary>MMU_READ_CAM: the victim entry, laid out as <see cref="Cam"/>. Read only.</summary>
    public const ulong ReadCam = 0x68;

    /// <summary>MMU_READ_RAM: the victim entry, laid out as <see cref="Ram"/>. Read only.</summary>
    public const ulong ReadRam = 0x6c;

    /// <summary>MMU_EMU_FAULT_AD: the address of the last debug access that missed. Read only.</summary>
    public const ulong EmulatorFaultAddress = 0x70;

    /// <summary>MMU_GP_REG: [0] a fault is answered with a bus error; clear: the master is stalled.</summary>
    public const ulong GeneralPurpose = 0x88;

    /// <summary>CNTL: translation is on.</summary>
    public const uint MmuEnable = 1 << 1;

    /// <summary>CNTL: a TLB miss walks the tables.</summary>
    public const uint TableWalkEnable = 1 << 2;

    /// <summary>CNTL: the bits that Linux writes.</summary>
    public const uint ControlMask = 0xe;

    /// <summary>IRQENABLE as Linux sets it with table walks: all but the TLB miss.</summary>
    public const uint WalkInterrupts = 0x1e;

    /// <summary>IRQSTATUS: all causes.</summary>
    public const uint AllInterrupts = 0x1f;

    /// <summary>GP_REG: bus error in place of a stall.</summary>
    public const uint BusErrorBack = 1;

    /// <summary>CAM: valid.</summary>
    public const uint CamValid = 1 << 2;

    /// <summary>CAM: preserved, a global flush leaves it.</summary>
    public const uint CamPreserved = 1 << 3;

    /// <summary>DRA7 DSP_SYSTEM MMU_CONFIG: [0] enables MMU 0 (MDMA), [4] MMU 1 (EDMA).</summary>
    public const ulong DspMmuConfig = 0x18;

    /// <summary>The locked entries in a LOCK value, 0 to 31.</summary>
    public static int LockBase(ulong value) => (int)(value >> 10) & 0x1f;

    /// <summary>The victim entry in a LOCK value, 0 to 31.</summary>
    public static int LockVictim(ulong value) => (int)(value >> 4) & 0x1f;

    /// <summary>A LOCK value.</summary>
    public static uint EncodeLock(int lockedEntries, int victim) => ((uint)lockedEntries << 10) | ((uint)victim << 4);

    /// <summary>log2 of the page size in a CAM value: 1 MiB, 64 KiB, 4 KiB, 16 MiB for 0 to 3.</summary>
    public static int CamPageShift(uint cam) => (cam & 3) switch { 0 => 20, 1 => 16, 2 => 12, _ => 24 };

    /// <summary>A CAM value of a valid entry.</summary>
    public static uint EncodeCam(uint address, int pageShift) =>
        (address >> pageShift << pageShift) | CamValid | pageShift switch { 20 => 0u, 16 => 1, 12 => 2, _ => 3 };

    /// <summary>The bit of an MMU in <see cref="DspMmuConfig"/>.</summary>
    /// <param name="instance">0 or 1.</param>
    public static uint DspMmuEnable(int instance) => 1u << (4 * instance);
}
