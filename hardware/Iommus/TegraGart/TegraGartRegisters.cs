namespace Emulator.Hardware.Iommus.TegraGart;

/// <summary>Registers of Tegra20's memory controller that concern the GART. Source: Linux 6.1 drivers/iommu/tegra-gart.c:25-33, drivers/memory/tegra/tegra20.c, mc.h.</summary>
public static class TegraGartRegisters
{
    /// <summary>Bytes of the window.</summary>
    public const ulong WindowSize = 0x400;

    /// <summary>MC_INTSTATUS: <see cref="DecodeError"/>, <see cref="InvalidPage"/>, <see cref="SecurityViolation"/>.</summary>
    public const ulong InterruptStatus = 0x00;

    /// <summary>MC_INTMASK: the same bits, set for those that interrupt.</summary>
    public const ulong InterruptMask = 0x04;

    /// <summary>GART_CONFIG: [0] enable. A read waits until entry writes have drained.</summary>
    public const ulong Configuration = 0x24;

    /// <summary>GART_ENTRY_ADDR: the input address whose entry is meant.</summary>
    public const ulong EntryAddress = 0x28;

    /// <summary>GART_ENTRY_DATA: that entry.</summary>
    public const ulong EntryData = 0x2c;

    /// <summary>MC_GART_ERROR_REQ: [0] write, [6:1] client.</summary>
    public const ulong ErrorRequest = 0x30;

    /// <summary>MC_GART_ERROR_ADDR.</summary>
    public const ulong ErrorAddress = 0x34;

    /// <summary>MC_DECERR_EMEM_OTHERS_STATUS: [31] write, [5:0] client.</summary>
    public const ulong DecodeErrorStatus = 0x58;

    /// <summary>MC_DECERR_EMEM_OTHERS_ADR.</summary>
    public const ulong DecodeErrorAddress = 0x5c;

    /// <summary>MC_SECURITY_VIOLATION_STATUS: [31] write, [5:0] client.</summary>
    public const ulong SecurityViolationStatus = 0x74;

    /// <summary>MC_SECURITY_VIOLATION_ADR.</summary>
    public const ulong SecurityViolationAddress = 0x78;

    /// <summary>MC_INTSTATUS: an address that nothing decodes.</summary>
    public const uint DecodeError = 1u << 6;

    /// <summary>MC_INTSTATUS: an aperture address without a valid entry.</summary>
    public const uint InvalidPage = 1u << 7;

    /// <summary>MC_INTSTATUS: an access that security forbids.</summary>
    public const uint SecurityViolation = 1u << 8;

    /// <summary>GART_CONFIG: on.</summary>
    public const uint Enable = 1;

    /// <summary>An entry: valid.</summary>
    public const uint Valid = 1u << 31;

    /// <summary>An entry: [30:12] the page's address.</summary>
    public const uint PageMask = 0x7fff_f000;

    /// <summary>Client ids are 0 to this.</summary>
    public const uint LastClient = 0x3f;
}
