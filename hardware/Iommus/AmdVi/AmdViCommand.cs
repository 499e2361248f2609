using System.Numerics;

namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>One entry of the command buffer, 128 bits.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/amd/iommu.c, build_*; AMD 48882, commands.</remarks>
/// <param name="Word0">Bits 63:0.</param>
/// <param name="Word1">Bits 127:64.</param>
public readonly record struct AmdViCommand(ulong Word0, ulong Word1)
{
    /// <summary>The address that stands for all pages, together with the size bit.</summary>
    public const ulong AllPages = 0x7fff_ffff_ffff_f000;

    private const int OpcodeShift = 60;
    private const ulong SizeBit = 1;
    private const ulong DirectoriesBit = 2;
    private const ulong GuestBit = 4;
    private const ulong StoreBit = 1;
    private const ulong InterruptBit = 2;

    /// <summary>The opcode; it may be one that does not exist.</summary>
    public AmdViCommandKind Kind => (AmdViCommandKind)(Word0 >> OpcodeShift);

    /// <summary>Device ID of the commands that name a device.</summary>
    public ushort DeviceId => (ushort)Word0;

    /// <summary>DomainID of <see cref="AmdViCommandKind.InvalidateIommuPages"/>.</summary>
    public ushort DomainId => (ushort)(Word0 >> 32);

    /// <summary>PASID of <see cref="AmdViCommandKind.InvalidateIommuPages"/>.</summary>
    public uint Pasid => (uint)Word0 & 0xfffff;

    /// <summary>S: more than one page.</summary>
    public bool IsRange => (Word1 & SizeBit) != 0;

    /// <summary>PDE: directory entries, too.</summary>
    public bool IncludesDirectories => (Word1 & DirectoriesBit) != 0;

    /// <summary>GN: only translations of <see cref="Pasid"/>.</summary>
    public bool IsGuest => (Word1 & GuestBit) != 0;

    /// <summary>First and last address of an invalidation: with S, 2^(1 + first zero bit from bit 12) bytes.</summary>
    public (ulong First, ulong Last) Range
    {
        get
        {
            var address = Word1 & ~0xfffUL;
            if (!IsRange)
                return (address, address | 0xfff);
            var zero = BitOperations.TrailingZeroCount(~(address | 0xfff));
            var offset = zero >= 63 ? ulong.MaxValue : (2UL << zero) - 1;
            return (address & ~offset, address | offset);
        }
    }

    /// <summary>Whether a COMPLETION_WAIT stores <see cref="StoreData"/>.</summary>
    public bool Stores => (Word0 & StoreBit) != 0;

    /// <summary>Whether a COMPLETION_WAIT raises its interrupt.</summary>
    public bool Interrupts => (Word0 & InterruptBit) != 0;

    /// <summary>Where a COMPLETION_WAIT stores: bits 51:3.</summary>
    public ulong StoreAddress => Word0 & 0x000f_ffff_ffff_fff8;

    /// <summary>What a COMPLETION_WAIT stores.</summary>
    public ulong StoreData => Word1;

    /// <summary>A COMPLETION_WAIT that stores (build_completion_wait).</summary>
    public static AmdViCommand CompletionWait(ulong address, ulong data) => new((address & 0x000f_ffff_ffff_fff8) | StoreBit | Opcode(AmdViCommandKind.CompletionWait), data);

    /// <summary>INVALIDATE_DEVTAB_ENTRY (build_inv_dte).</summary>
    public static AmdViCommand InvalidateDevice(ushort device) => new(device | Opcode(AmdViCommandKind.InvalidateDeviceTableEntry), 0);

    /// <summary>INVALIDATE_IOMMU_PAGES (build_inv_iommu_pages).</summary>
    /// <param name="domain">The DomainID.</param>
    /// <param name="address">First address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="guest">Whether only PASID 0 is meant (GN).</param>
    public static AmdViCommand InvalidatePages(ushort domain, ulong address, ulong size, bool guest = false) => new(
        ((ulong)domain << 32) | Opcode(AmdViCommandKind.InvalidateIommuPages), EncodeRange(address, size) | DirectoriesBit | (guest ? GuestBit : 0));

    /// <summary>INVALIDATE_IOMMU_PAGES of PASID 0 (6.1, build_inv_iommu_pasid).</summary>
    /// <param name="domain">The DomainID.</param>
    /// <param name="address">An address, or <see cref="AllPages"/>.</param>
    /// <param name="range">The size bit.</param>
    public static AmdViCommand InvalidatePasid(ushort domain, ulong address, bool range) => new(
        ((ulong)domain << 32) | Opcode(AmdViCommandKind.InvalidateIommuPages), (address & ~0xfffUL) | DirectoriesBit | GuestBit | (range ? SizeBit : 0));

    /// <summary>INVALIDATE_IOTLB_PAGES (build_inv_iotlb_pages).</summary>
    /// <param name="device">The device.</param>
    /// <param name="queueDepth">Depth of its invalidation queue.</param>
    /// <param name="address">First address.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="guest">GN.</param>
    public static AmdViCommand InvalidateDeviceTlb(ushort device, int queueDepth, ulong address, ulong size, bool guest = false) => new(
        device | ((ulong)(byte)queueDepth << 24) | ((ulong)device << 32) | Opcode(AmdViCommandKind.InvalidateIotlbPages), EncodeRange(address, size) | (guest ? GuestBit : 0));

    /// <summary>INVALIDATE_IOTLB_PAGES of PASID 0 (6.1, build_inv_iotlb_pasid).</summary>
    public static AmdViCommand InvalidateDevicePasid(ushort device, int queueDepth, ulong address, bool range) => new(
        device | ((ulong)(byte)queueDepth << 24) | ((ulong)device << 32) | Opcode(AmdViCommandKind.InvalidateIotlbPages),
        (address & ~0xfffUL) | GuestBit | (range ? SizeBit : 0));

    /// <summary>INVALIDATE_INTERRUPT_TABLE (build_inv_irt).</summary>
    public static AmdViCommand InvalidateInterrupts(ushort device) => new(device | Opcode(AmdViCommandKind.InvalidateInterruptTable), 0);

    /// <summary>INVALIDATE_ALL (build_inv_all).</summary>
    public static AmdViCommand InvalidateEverything() => new(Opcode(AmdViCommandKind.InvalidateAll), 0);

    // build_inv_address: the smallest range that the encoding can name and that holds both ends; beyond bit 51 everything.
    private static ulong EncodeRange(ulong address, ulong size)
    {
        if (((address & 0xfff) + size + 0xfff) >> 12 == 1)
            return address & ~0xfffUL;
        var highest = 63 - BitOperations.LeadingZeroCount((address + size - 1) ^ address);
        var range = highest > 51 ? AllPages : address | ((1UL << Math.Max(highest, 0)) - 1);
        return (range & ~0xfffUL) | SizeBit;
    }

    private static ulong Opcode(AmdViCommandKind kind) => (ulong)kind << OpcodeShift;
}
