using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Fault reasons as VT-d numbers them.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/intel/dmar.c, dma_remap_fault_reasons and dma_remap_sm_fault_reasons.</remarks>
public static class VtdFaultCode
{
#pragma warning disable CS1591 // The names are the manual's sentences; each is used where it is raised.
    public const ushort RootNotPresent = 0x01;
    public const ushort ContextNotPresent = 0x02;
    public const ushort ContextInvalid = 0x03;
    public const ushort BeyondAddressWidth = 0x04;
    public const ushort NoWrite = 0x05;
    public const ushort NoRead = 0x06;
    public const ushort PagingEntryAccess = 0x07;
    public const ushort RootTableAccess = 0x08;
    public const ushort ContextTableAccess = 0x09;
    public const ushort RootReserved = 0x0a;
    public const ushort ContextReserved = 0x0b;
    public const ushort PagingEntryReserved = 0x0c;
    public const ushort TranslationRequestBlocked = 0x0d;
    public const ushort InterruptRange = 0x0e;
    public const ushort ScalableRootTableAddress = 0x30;
    public const ushort PasidInLegacyMode = 0x31;
    public const ushort ScalableRootAccess = 0x38;
    public const ushort ScalableRootNotPresent = 0x39;
    public const ushort ScalableRootReserved = 0x3a;
    public const ushort ScalableContextAccess = 0x40;
    public const ushort ScalableContextNotPresent = 0x41;
    public const ushort ScalableContextReserved = 0x42;
    public const ushort ScalableContextInvalid = 0x43;
    public const ushort DeviceTlbDisabled = 0x44;
    public const ushort PasidDisabled = 0x45;
    public const ushort PasidTooBig = 0x46;
    public const ushort RidPasidInvalid = 0x48;
    public const ushort PasidDirectoryAccess = 0x50;
    public const ushort PasidDirectoryNotPresent = 0x51;
    public const ushort PasidDirectoryReserved = 0x52;
    public const ushort PasidEntryAccess = 0x58;
    public const ushort PasidEntryNotPresent = 0x59;
    public const ushort PasidEntryReserved = 0x5a;
    public const ushort PasidEntryInvalid = 0x5b;
    public const ushort SupervisorDisabled = 0x5d;
    public const ushort FirstLevelAccess = 0x70;
    public const ushort FirstLevelNotPresent = 0x71;
    public const ushort FirstLevelReserved = 0x72;
    public const ushort FirstLevelTopAccess = 0x73;
    public const ushort NestedFirstLevelRead = 0x76;
    public const ushort SecondLevelAccess = 0x78;
    public const ushort SecondLevelPermission = 0x79;
    public const ushort SecondLevelReserved = 0x7a;
    public const ushort NotCanonical = 0x80;
    public const ushort UserNotAllowed = 0x81;
    public const ushort NoExecute = 0x82;
    public const ushort BeyondGuestWidth = 0x83;
    public const ushort BeyondSecondLevelWidth = 0x84;
    public const ushort FirstLevelNoWrite = 0x85;
    public const ushort FirstLevelNoRead = 0x86;
    public const ushort ScalableInterruptRange = 0x87;
#pragma warning restore CS1591

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
