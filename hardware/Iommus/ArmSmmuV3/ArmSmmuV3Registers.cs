namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Offsets of the SMMUv3 registers from the base of page 0. Those of page 1 have 0x10000 added.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h; Arm IHI 0070 section 6.</remarks>
public static class ArmSmmuV3Registers
{
    /// <summary>Bytes of the window: two pages of 64 KiB.</summary>
    public const ulong WindowSize = 0x20000;

    /// <summary>Start of page 1.</summary>
    public const ulong Page1 = 0x10000;

    /// <summary>Identification: stages, formats, stall model, two-level stream table.</summary>
    public const ulong Idr0 = 0x00;

    /// <summary>Identification: widths of StreamID and SubstreamID, queue sizes.</summary>
    public const ulong Idr1 = 0x04;

    /// <summary>Identification: zero here.</summary>
    public const ulong Idr2 = 0x08;

    /// <summary>Identification: range invalidation.</summary>
    public const ulong Idr3 = 0x0C;

    /// <summary>Identification: implementation defined.</summary>
    public const ulong Idr4 = 0x10;

    /// <summary>Identification: output size, granules, stalls.</summary>
    public const ulong Idr5 = 0x14;

    /// <summary>Implementer and revision, by which Linux knows SMMUs with errata: zero here.</summary>
    public const ulong Iidr = 0x18;

    /// <summary>Enables; see <see cref="Control0"/>.</summary>
    public const ulong Cr0 = 0x20;

    /// <summary>What of <see cref="Cr0"/> has taken effect.</summary>
    public const ulong Cr0Ack = 0x24;

    /// <summary>Memory attributes of table and queue accesses.</summary>
    public const ulong Cr1 = 0x28;

    /// <summary>E2H 0, RECINVSID 1, PTM 2; see <see cref="Control2"/>.</summary>
    public const ulong Cr2 = 0x2C;

    /// <summary>What happens to DMA while the SMMU is off; see <see cref="GlobalBypass"/>.</summary>
    public const ulong Gbpa = 0x44;

    /// <summary>Interrupt enables: GERROR 0, PRIQ 1, EVTQ 2.</summary>
    public const ulong IrqCtrl = 0x50;

    /// <summary>What of <see cref="IrqCtrl"/> has taken effect.</summary>
    public const ulong IrqCtrlAck = 0x54;

    /// <summary>Global errors; an error is active while its bit differs from <see cref="GErrorN"/>; see <see cref="GlobalErrors"/>.</summary>
    public const ulong GError = 0x60;

    /// <summary>Acknowledged global errors.</summary>
    public const ulong GErrorN = 0x64;

    /// <summary>MSI address of the global error interrupt.</summary>
    public const ulong GErrorIrqCfg0 = 0x68;

    /// <summary>MSI data of the global error interrupt.</summary>
    public const ulong GErrorIrqCfg1 = 0x70;

    /// <summary>MSI attributes of the global error interrupt.</summary>
    public const ulong GErrorIrqCfg2 = 0x74;

    /// <summary>Stream table address 51:6, RA 62.</summary>
    public const ulong StrtabBase = 0x80;

    /// <summary>Stream table shape; see <see cref="StreamTableShape"/>.</summary>
    public const ulong StrtabBaseCfg = 0x88;

    /// <summary>Command queue address and size; see <see cref="QueueBase"/>.</summary>
    public const ulong CmdqBase = 0x90;

    /// <summary>Command queue: where software writes next.</summary>
    public const ulong CmdqProd = 0x98;

    /// <summary>Command queue: where the SMMU reads next; ERR 30:24.</summary>
    public const ulong CmdqCons = 0x9C;

    /// <summary>Event queue address and size.</summary>
    public const ulong EvtqBase = 0xA0;

    /// <summary>MSI address of the event queue interrupt.</summary>
    public const ulong EvtqIrqCfg0 = 0xB0;

    /// <summary>MSI data of the event queue interrupt.</summary>
    public const ulong EvtqIrqCfg1 = 0xB8;

    /// <summary>MSI attributes of the event queue interrupt.</summary>
    public const ulong EvtqIrqCfg2 = 0xBC;

    /// <summary>Page request queue address and size.</summary>
    public const ulong PriqBase = 0xC0;

    /// <summary>MSI address of the page request interrupt.</summary>
    public const ulong PriqIrqCfg0 = 0xD0;

    /// <summary>MSI data of the page request interrupt.</summary>
    public const ulong PriqIrqCfg1 = 0xD8;

    /// <summary>MSI attributes of the page request interrupt.</summary>
    public const ulong PriqIrqCfg2 = 0xDC;

    /// <summary>Event queue: where the SMMU writes next; OVFLG 31. Page 1.</summary>
    public const ulong EvtqProd = Page1 + 0xA8;

    /// <summary>Event queue: where software reads next; OVACKFLG 31. Page 1.</summary>
    public const ulong EvtqCons = Page1 + 0xAC;

    /// <summary>Page request queue: where the SMMU writes next; OVFLG 31. Page 1.</summary>
    public const ulong PriqProd = Page1 + 0xC8;

    /// <summary>Page request queue: where software reads next; OVACKFLG 31. Page 1.</summary>
    public const ulong PriqCons = Page1 + 0xCC;
}
