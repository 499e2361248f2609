namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>Types of invalidation descriptors (3:0 of the first word).</summary>
public enum VtdDescriptorType
{
    /// <summary>Context cache.</summary>
    Context = 1,

    /// <summary>IOTLB.</summary>
    Iotlb = 2,

    /// <summary>Device TLB.</summary>
    DeviceTlb = 3,

    /// <summary>Interrupt entry cache.</summary>
    Interrupt = 4,

    /// <summary>Wait: status write, interrupt.</summary>
    Wait = 5,

    /// <summary>IOTLB by PASID.</summary>
    PasidIotlb = 6,

    /// <summary>PASID cache.</summary>
    PasidCache = 7,

    /// <summary>Device TLB by PASID.</summary>
    PasidDeviceTlb = 8,

    /// <summary>Page group response.</summary>
    PageGroupResponse = 9,

    /// <summary>Page stream response.</summary>
    PageStreamResponse = 10,
}
