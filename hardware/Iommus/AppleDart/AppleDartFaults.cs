using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>Numbers of the faults: the bit that is set in ERROR, and the common reason.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/apple-dart.c:59-63; 6.12 DART_T8110_ERROR_CODE definitions.</remarks>
public static class AppleDartFaults
{
    /// <summary>Bit number in the code field of ERROR. A blocked or contradictory stream has none of its own and reports "no TTBR" [model].</summary>
    public static int Code(this AppleDartFault fault, AppleDartLayout layout)
    {
        var later = layout == AppleDartLayout.T8110 ? 1 : 0;
        return fault switch
        {
            AppleDartFault.NoPgd => later,
            AppleDartFault.NoPmd => 1 + later,
            AppleDartFault.NoPte => 2 + later,
            AppleDartFault.WriteProtected => 3 + later,
            AppleDartFault.ReadProtected => 4 + later,
            _ => 0,
        };
    }

    /// <summary>The reason in common terms.</summary>
    public static FaultReason Reason(this AppleDartFault fault) => fault switch
    {
        AppleDartFault.Blocked => FaultReason.StreamBlocked,
        AppleDartFault.Contradictory => FaultReason.ConfigurationInvalid,
        AppleDartFault.NoPgd => FaultReason.AddressSize,
        AppleDartFault.WriteProtected or AppleDartFault.ReadProtected => FaultReason.PermissionDenied,
        _ => FaultReason.NotPresent,
    };
}
