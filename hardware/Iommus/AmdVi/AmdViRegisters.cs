namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>Offsets of the MMIO registers, all 64 bits wide.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/amd_iommu_types.h, MMIO_*_OFFSET; AMD 48882.</remarks>
public static class AmdViRegisters
{
    /// <summary>Bytes of the window that is modelled.</summary>
    public const ulong WindowSize = 0x4000;

    /// <summary>[51:12] address, [8:0] size in 4 KiB pages minus 1.</summary>
    public const ulong DeviceTableBase = 0x0000;

    /// <summary>[51:12] address, [59:56] log2 of the entries.</summary>
    public const ulong CommandBufferBase = 0x0008;

    /// <summary>[51:12] address, [59:56] log2 of the entries.</summary>
    public const ulong EventLogBase = 0x0010;

    /// <summary>See <see cref="AmdViControl"/>.</summary>
    public const ulong Control = 0x0018;

    /// <summary>[51:12] address, bit 0 enable, bit 1 for all devices.</summary>
    public const ulong ExclusionBase = 0x0020;

    /// <summary>[51:12] last page.</summary>
    public const ulong ExclusionLimit = 0x0028;

    /// <summary>See <see cref="AmdViFeatures"/>.</summary>
    public const ulong ExtendedFeatures = 0x0030;

    /// <summary>Page request log.</summary>
    public const ulong PprLogBase = 0x0038;

    /// <summary>Guest virtual APIC log.</summary>
    public const ulong GaLogBase = 0x00e0;

    /// <summary>Extended features, second word.</summary>
    public const ulong ExtendedFeatures2 = 0x01a0;

    /// <summary>Byte offset of the next command to fetch; the silicon advances it.</summary>
    public const ulong CommandHead = 0x2000;

    /// <summary>Byte offset after the last command; software advances it.</summary>
    public const ulong CommandTail = 0x2008;

    /// <summary>Byte offset of the next event to read; software advances it.</summary>
    public const ulong EventHead = 0x2010;

    /// <summary>Byte offset of the next event to write; the silicon advances it.</summary>
    public const ulong EventTail = 0x2018;

    /// <summary>See <see cref="AmdViStatus"/>.</summary>
    public const ulong Status = 0x2020;

    /// <summary>Page request log, head.</summary>
    public const ulong PprHead = 0x2030;

    /// <summary>Page request log, tail.</summary>
    public const ulong PprTail = 0x2038;

    /// <summary>Guest virtual APIC log, head.</summary>
    public const ulong GaHead = 0x2040;

    /// <summary>Guest virtual APIC log, tail.</summary>
    public const ulong GaTail = 0x2048;

    /// <summary>Bits 51:12 of a base register.</summary>
    public const ulong AddressMask = 0x000f_ffff_ffff_f000;

    /// <summary>The size field of a command buffer or event log of 512 entries, 8 KiB.</summary>
    public const ulong RingOf512 = 9UL << 56;

    /// <summary>Bytes of a command and of an event.</summary>
    public const ulong RecordSize = 16;

    /// <summary>Bytes of a command buffer or event log, from its base register.</summary>
    public static ulong RingSize(ulong baseRegister) => RecordSize << (int)((baseRegister >> 56) & 0xf);
}
