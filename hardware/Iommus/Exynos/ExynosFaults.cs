using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>Numbers of the faults: the bit in INT_STATUS, the register that gets the address, and the common reason.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/exynos-iommu.c, sysmmu_faults and sysmmu_v5_faults; 6.12 exynos_sysmmu_v7_get_fault_info.</remarks>
public static class ExynosFaults
{
    /// <summary>Bit of INT_STATUS.</summary>
    public static int Bit(this ExynosFault fault, ExynosVersion version, DmaAccess access)
    {
        var write = access == DmaAccess.Write;
        return version.Major switch
        {
            < 5 => fault switch
            {
                ExynosFault.TableWalk => 3,
                ExynosFault.MultiHit => write ? 2 : 1,
                ExynosFault.Access => write ? 7 : 5,
                _ => 0,
            },
            < 7 => (int)fault + (write ? 16 : 0),
            // Machine 0 has the lowest four: walk, page, access, reserved.
            _ => fault == ExynosFault.Access ? 2 : (int)fault,
        };
    }

    /// <summary>The register that tells the address of the fault with this bit, as v1 to v5 have it; null for a bit without meaning.</summary>
    public static ulong? AddressRegister(int bit, ExynosVersion version)
    {
        if (version.Major >= 5)
            return bit is >= 0 and <= 4 ? ExynosRegisters.ReadFaultAddress : bit is >= 16 and <= 20 ? ExynosRegisters.WriteFaultAddress : null;
        return bit switch
        {
            0 => ExynosRegisters.PageFaultAddress,
            1 or 4 or 5 => ExynosRegisters.EarlyReadFaultAddress,
            2 or 6 or 7 => ExynosRegisters.EarlyWriteFaultAddress,
            3 => ExynosRegisters.BusErrorAddress,
            _ => null,
        };
    }

    /// <summary>The reason in common terms.</summary>
    public static FaultReason Reason(this ExynosFault fault) => fault switch
    {
        ExynosFault.TableWalk => FaultReason.TableReadAbort,
        ExynosFault.MultiHit => FaultReason.ConfigurationInvalid,
        ExynosFault.Access => FaultReason.PermissionDenied,
        _ => FaultReason.NotPresent,
    };
}
