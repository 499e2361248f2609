namespace Emulator.Hardware.Dma;

/// <summary>Why a DMA was refused, in terms common to all IOMMUs. The silicon's own number stands beside it in <see cref="FaultRecord.Code"/>.</summary>
public enum FaultReason : byte
{
    /// <summary>No reason recorded.</summary>
    None = 0,

    /// <summary>The stream is outside the tables, or its entry is absent.</summary>
    StreamUnknown,

    /// <summary>An entry (root, context, device, stream, context descriptor, PASID) holds values that the silicon refuses.</summary>
    ConfigurationInvalid,

    /// <summary>The entry says that this stream is blocked.</summary>
    StreamBlocked,

    /// <summary>The PASID or SubstreamID has no entry or is out of range.</summary>
    PasidUnknown,

    /// <summary>An entry of the page table is not present.</summary>
    NotPresent,

    /// <summary>The page is mapped, the access is not permitted.</summary>
    PermissionDenied,

    /// <summary>The address is wider than the table translates, or the output is wider than allowed.</summary>
    AddressSize,

    /// <summary>A reserved bit is set or a level is wrong in a table entry.</summary>
    TableEntryInvalid,

    /// <summary>Reading a table failed on the bus.</summary>
    TableReadAbort,

    /// <summary>The access flag is clear.</summary>
    AccessFlag,

    /// <summary>A kind of request that is not allowed here (ATS while it is off, a translated request of an untrusted device, the interrupt range).</summary>
    RequestForbidden,

    /// <summary>Not a DMA's fault: a command or queue error of the IOMMU itself.</summary>
    CommandError,
}
