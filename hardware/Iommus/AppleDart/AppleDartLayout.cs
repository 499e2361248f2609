namespace Emulator.Hardware.Iommus.AppleDart;

/// <summary>The two register layouts, named after the chip where each was first seen. Source: Linux 6.12 drivers/iommu/apple-dart.c, enum dart_type.</summary>
public enum AppleDartLayout
{
    /// <summary>t8103, t6000 and their USB4 variant: one STREAM_COMMAND for a set of streams, up to four TTBRs each.</summary>
    T8020,

    /// <summary>t8110: one TLB_CMD for each stream, one TTBR each, PARAMS3 and PARAMS4.</summary>
    T8110,
}
