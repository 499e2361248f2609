namespace Emulator.Hardware.Iommus.S390;

/// <summary>What the kernel knows of a PCI function. Source: Linux 6.1 arch/s390/include/asm/pci.h, struct zpci_dev.</summary>
internal sealed class S390Device(uint id)
{
    public uint Id => id;

    // fh; changes when the function is enabled or disabled.
    public uint Handle { get; set; }

    public ulong Start { get; set; }

    public ulong End { get; set; }

    // tlb_refresh.
    public bool NeedsRefresh { get; set; }

    public bool IsInternalSharedMemory { get; set; }

    // gisa: goes into every FIB.
    public uint GuestDesignation { get; set; }

    // kzdev.
    public bool IsGuestOwned { get; set; }

    // s390_domain; null while the DMA API owns the function (6.1) or it is blocked (6.12).
    public S390Domain? Domain { get; set; }

    // dma_table.
    public S390Tables? Tables { get; set; }

    // The DMA API's addresses; null while it does not own the function.
    public S390DmaAddresses? Addresses { get; set; }

    public ulong Length => End - Start + 1;
}
