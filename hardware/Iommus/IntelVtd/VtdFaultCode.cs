using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Fault reasons as VT-d numbers them.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/dmar.c, dma_remap_fault_reasons and dma_remap_sm_fault_reasons.</remarks>
public static class VtdFaultCode
{
    /// <summary>Present bit in the root entry is clear.</summary>
    public const ushort RootNotPresent = 0x01;

    /// <summary>Present bit in the context entry is clear.</summary>
    public const ushort ContextNotPresent = 0x02;

    /// <summary>Invalid context entry: translation type or address width.</summary>
    public const ushort ContextInvalid = 0x03;

    /// <summary>Access beyond the address width (AGAW or MGAW).</summary>
    public const ushort BeyondAddressWidth = 0x04;

    /// <summary>Write without permission, or of a page that is not mapped.</summary>
    public const ushort NoWrite = 0x05;

    /// <summary>Read without permission, or of a page that is not mapped.</summary>
    public const ushort NoRead = 0x06;

    /// <summary>A paging entry could not be read.</summary>
    public const ushort PagingEntryAccess = 0x07;

    /// <summary>A root entry could not be read.</summary>
    public const ushort RootTableAccess = 0x08;

    /// <summary>A context entry could not be read.</summary>
    public const ushort ContextTableAccess = 0x09;

    /// <summary>Reserved bits in the root entry.</summary>
    public const ushort RootReserved = 0x0a;

    /// <summary>Reserved bits in the context entry.</summary>
    public const ushort ContextReserved = 0x0b;

    /// <summary>Reserved bits in a paging entry.</summary>
    public const ushort PagingEntryReserved = 0x0c;

    /// <summary>Translation or translated request while the context entry does not serve ATS.</summary>
    public const ushort TranslationRequestBlocked = 0x0d;

    /// <summary>Access to the interrupt range: by a read, or by a translation that leads there.</summary>
    public const ushort InterruptRange = 0x0e;

    /// <summary>Scalable mode: invalid root table address or mode.</summary>
    public const ushort ScalableRootTableAddress = 0x30;

    /// <summary>Request with PASID in legacy mode.</summary>
    public const ushort PasidInLegacyMode = 0x31;

    /// <summary>Scalable mode: a root entry could not be read.</summary>
    public const ushort ScalableRootAccess = 0x38;

    /// <summary>Scalable mode: present bit in the root entry half is clear.</summary>
    public const ushort ScalableRootNotPresent = 0x39;

    /// <summary>Scalable mode: reserved bits in the root entry.</summary>
    public const ushort ScalableRootReserved = 0x3a;

    /// <summary>Scalable mode: a context entry could not be read.</summary>
    public const ushort ScalableContextAccess = 0x40;

    /// <summary>Scalable mode: present bit in the context entry is clear.</summary>
    public const ushort ScalableContextNotPresent = 0x41;

    /// <summary>Scalable mode: reserved bits in the context entry.</summary>
    public const ushort ScalableContextReserved = 0x42;

    /// <summary>Scalable mode: invalid context entry.</summary>
    public const ushort ScalableContextInvalid = 0x43;

    /// <summary>Scalable mode: translation or translated request while DTE is clear.</summary>
    public const ushort DeviceTlbDisabled = 0x44;

    /// <summary>Scalable mode: request with PASID while PASIDE is clear.</summary>
    public const ushort PasidDisabled = 0x45;

    /// <summary>Scalable mode: the PASID is beyond the context entry's directory.</summary>
    public const ushort PasidTooBig = 0x46;

    /// <summary>Scalable mode: RID_PASID is beyond the context entry's directory.</summary>
    public const ushort RidPasidInvalid = 0x48;

    /// <summary>A PASID directory entry could not be read.</summary>
    public const ushort PasidDirectoryAccess = 0x50;

    /// <summary>Present bit in the PASID directory entry is clear.</summary>
    public const ushort PasidDirectoryNotPresent = 0x51;

    /// <summary>Reserved bits in the PASID directory entry.</summary>
    public const ushort PasidDirectoryReserved = 0x52;

    /// <summary>A PASID table entry could not be read.</summary>
    public const ushort PasidEntryAccess = 0x58;

    /// <summary>Present bit in the PASID table entry is clear.</summary>
    public const ushort PasidEntryNotPresent = 0x59;

    /// <summary>Reserved bits in the PASID table entry.</summary>
    public const ushort PasidEntryReserved = 0x5a;

    /// <summary>Invalid PASID table entry: translation type, width or levels.</summary>
    public const ushort PasidEntryInvalid = 0x5b;

    /// <summary>Privileged request while SRE is clear.</summary>
    public const ushort SupervisorDisabled = 0x5d;

    /// <summary>A first-level entry could not be read.</summary>
    public const ushort FirstLevelAccess = 0x70;

    /// <summary>Present bit in a first-level entry is clear.</summary>
    public const ushort FirstLevelNotPresent = 0x71;

    /// <summary>Reserved bits in a first-level entry.</summary>
    public const ushort FirstLevelReserved = 0x72;

    /// <summary>The top first-level entry could not be read.</summary>
    public const ushort FirstLevelTopAccess = 0x73;

    /// <summary>Nested: the second level does not let a first-level entry be read.</summary>
    public const ushort NestedFirstLevelRead = 0x76;

    /// <summary>Scalable mode: a second-level entry could not be read.</summary>
    public const ushort SecondLevelAccess = 0x78;

    /// <summary>Scalable mode: the second level does not permit the access, or maps nothing.</summary>
    public const ushort SecondLevelPermission = 0x79;

    /// <summary>Scalable mode: reserved bits in a second-level entry.</summary>
    public const ushort SecondLevelReserved = 0x7a;

    /// <summary>The address is not canonical for the first level.</summary>
    public const ushort NotCanonical = 0x80;

    /// <summary>U/S is clear and the request is not privileged.</summary>
    public const ushort UserNotAllowed = 0x81;

    /// <summary>Instruction fetch from an execute-disabled page.</summary>
    public const ushort NoExecute = 0x82;

    /// <summary>Scalable mode: the address is beyond the unit's width.</summary>
    public const ushort BeyondGuestWidth = 0x83;

    /// <summary>Scalable mode: the address is beyond the second-level table's width.</summary>
    public const ushort BeyondSecondLevelWidth = 0x84;

    /// <summary>The first level does not permit the write.</summary>
    public const ushort FirstLevelNoWrite = 0x85;

    /// <summary>The first level does not permit the read.</summary>
    public const ushort FirstLevelNoRead = 0x86;

    /// <summary>Scalable mode: access to the interrupt range.</summary>
    public const ushort ScalableInterruptRange = 0x87;

    /// <summary>The reason in common terms.</summary>
    public static FaultReason ToReason(ushort code) => code switch
    {
        RootNotPresent or ContextNotPresent or ScalableRootNotPresent or ScalableContextNotPresent => FaultReason.StreamUnknown,
        PasidDirectoryNotPresent or PasidEntryNotPresent or PasidTooBig or PasidDisabled => FaultReason.PasidUnknown,
        NoWrite or NoRead or SecondLevelPermission or UserNotAllowed or NoExecute or FirstLevelNoWrite or FirstLevelNoRead or NestedFirstLevelRead => FaultReason.PermissionDenied,
        FirstLevelNotPresent => FaultReason.NotPresent,
        BeyondAddressWidth or NotCanonical or BeyondGuestWidth or BeyondSecondLevelWidth => FaultReason.AddressSize,
        PagingEntryReserved or FirstLevelReserved or SecondLevelReserved => FaultReason.TableEntryInvalid,
        PagingEntryAccess or RootTableAccess or ContextTableAccess or ScalableRootAccess or ScalableContextAccess or PasidDirectoryAccess or PasidEntryAccess
            or FirstLevelAccess or FirstLevelTopAccess or SecondLevelAccess => FaultReason.TableReadAbort,
        TranslationRequestBlocked or InterruptRange or ScalableInterruptRange or DeviceTlbDisabled or PasidInLegacyMode or SupervisorDisabled => FaultReason.RequestForbidden,
        _ => FaultReason.ConfigurationInvalid,
    };
}
