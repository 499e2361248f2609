namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Register offsets and flag bits of a VT-d remapping unit. Fields of wider registers are types of their own.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/iommu.h.</remarks>
public static class IntelVtdRegisters
{
    /// <summary>Version: 7:4 major, 3:0 minor.</summary>
    public const ulong Version = 0x00;

    /// <summary>Capabilities, 64 bits; see <see cref="VtdCapability"/>.</summary>
    public const ulong Capability = 0x08;

    /// <summary>Extended capabilities, 64 bits; see <see cref="VtdExtendedCapability"/>.</summary>
    public const ulong ExtendedCapability = 0x10;

    /// <summary>Global command: the bits below, one change a write.</summary>
    public const ulong GlobalCommand = 0x18;

    /// <summary>Global status: what the command bits have led to.</summary>
    public const ulong GlobalStatus = 0x1c;

    /// <summary>Root table address, 64 bits; see <see cref="VtdRootTableAddress"/>.</summary>
    public const ulong RootTableAddress = 0x20;

    /// <summary>Context command, 64 bits; see <see cref="VtdContextCommand"/>.</summary>
    public const ulong ContextCommand = 0x28;

    /// <summary>Fault status; see the <c>Fault*</c> bits.</summary>
    public const ulong FaultStatus = 0x34;

    /// <summary>Fault event control: 31 IM, the interrupt mask.</summary>
    public const ulong FaultEventControl = 0x38;

    /// <summary>Fault event message data.</summary>
    public const ulong FaultEventData = 0x3c;

    /// <summary>Fault event message address, low half.</summary>
    public const ulong FaultEventAddress = 0x40;

    /// <summary>Fault event message address, high half.</summary>
    public const ulong FaultEventUpperAddress = 0x44;

    /// <summary>Protected memory enable: 31 EPM, 0 PRS.</summary>
    public const ulong ProtectedMemoryEnable = 0x64;

    /// <summary>Protected low memory, base.</summary>
    public const ulong ProtectedLowBase = 0x68;

    /// <summary>Protected low memory, limit (inclusive).</summary>
    public const ulong ProtectedLowLimit = 0x6c;

    /// <summary>Protected high memory, base, 64 bits.</summary>
    public const ulong ProtectedHighBase = 0x70;

    /// <summary>Protected high memory, limit (inclusive), 64 bits.</summary>
    public const ulong ProtectedHighLimit = 0x78;

    /// <summary>Invalidation queue head, 64 bits: byte offset of the next descriptor to be fetched.</summary>
    public const ulong QueueHead = 0x80;

    /// <summary>Invalidation queue tail, 64 bits: byte offset of the next free descriptor.</summary>
    public const ulong QueueTail = 0x88;

    /// <summary>Invalidation queue address, 64 bits; see <see cref="VtdQueueAddress"/>.</summary>
    public const ulong QueueAddress = 0x90;

    /// <summary>Invalidation completion status: 0 IWC, written one to clear.</summary>
    public const ulong CompletionStatus = 0x9c;

    /// <summary>Invalidation event control: 31 IM.</summary>
    public const ulong InvalidationEventControl = 0xa0;

    /// <summary>Invalidation queue error record, 64 bits: 3:0 the reason of an IQE, 47:32 the SID of an ITE.</summary>
    public const ulong QueueError = 0xb0;

    /// <summary>Interrupt remapping table address, 64 bits.</summary>
    public const ulong InterruptTableAddress = 0xb8;

    /// <summary>Page request queue head, 64 bits.</summary>
    public const ulong PageRequestHead = 0xc0;

    /// <summary>Page request queue tail, 64 bits.</summary>
    public const ulong PageRequestTail = 0xc8;

    /// <summary>Page request queue address, 64 bits.</summary>
    public const ulong PageRequestAddress = 0xd0;

    /// <summary>Page request status.</summary>
    public const ulong PageRequestStatus = 0xdc;

    /// <summary>Page request event control: 31 IM.</summary>
    public const ulong PageRequestEventControl = 0xe0;

    /// <summary>Command and status: translation enabled (TE, TES).</summary>
    public const uint TranslationEnable = 1u << 31;

    /// <summary>Command and status: set root table pointer (SRTP, RTPS).</summary>
    public const uint SetRootTable = 1u << 30;

    /// <summary>Command and status: write buffer flush (WBF, WBFS).</summary>
    public const uint WriteBufferFlush = 1u << 27;

    /// <summary>Command and status: queued invalidation enabled (QIE, QIES).</summary>
    public const uint QueuedInvalidationEnable = 1u << 26;

    /// <summary>Command and status: interrupt remapping enabled (IRE, IRES).</summary>
    public const uint InterruptRemappingEnable = 1u << 25;

    /// <summary>Command and status: set interrupt remapping table pointer (SIRTP, IRTPS).</summary>
    public const uint SetInterruptTable = 1u << 24;

    /// <summary>Command and status: compatibility format interrupts (CFI, CFIS).</summary>
    public const uint CompatibilityInterrupts = 1u << 23;

    /// <summary>The status bits that a command repeats, because a command bit left out is a command to clear (DMA_GSTS one-shot mask).</summary>
    public const uint KeptStatus = 0x96ff_ffff;

    /// <summary>Fault status: a primary fault was lost (PFO). Written one to clear.</summary>
    public const uint FaultOverflow = 1u << 0;

    /// <summary>Fault status: a primary fault is pending (PPF); follows the F bits of the records.</summary>
    public const uint FaultPending = 1u << 1;

    /// <summary>Fault status: invalidation queue error (IQE). Written one to clear.</summary>
    public const uint QueueFault = 1u << 4;

    /// <summary>Fault status: invalidation completion error (ICE). Written one to clear.</summary>
    public const uint CompletionFault = 1u << 5;

    /// <summary>Fault status: a device did not answer a device-TLB invalidation (ITE). Written one to clear.</summary>
    public const uint TimeoutFault = 1u << 6;

    /// <summary>Fault status: page request overflow (PRO). Written one to clear.</summary>
    public const uint PageRequestOverflow = 1u << 7;

    /// <summary>Event control registers: the interrupt is masked (IM).</summary>
    public const uint InterruptMask = 1u << 31;

    /// <summary>Protected memory: enable (EPM).</summary>
    public const uint EnableProtectedMemory = 1u << 31;

    /// <summary>Protected memory: in force (PRS).</summary>
    public const uint ProtectedMemoryStatus = 1u << 0;

    /// <summary>The index of the first pending fault record in fault status (FRI, 15:8).</summary>
    public static int FaultRecordIndex(uint faultStatus) => (int)(faultStatus >> 8) & 0xff;
}
