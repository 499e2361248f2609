namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>What a device table entry makes of a request.</summary>
internal enum AmdViTranslation : byte
{
    /// <summary>V=0: forwarded untranslated, IR and IW ignored.</summary>
    None,

    /// <summary>V=1, TV=0: a request that needs a walk is terminated.</summary>
    Invalid,

    /// <summary>Mode=0: forwarded untranslated as IR and IW allow.</summary>
    Identity,

    /// <summary>Mode 1 to 6: the host (v1) page table.</summary>
    Host,

    /// <summary>GV=1: the guest (v2) page table of a PASID.</summary>
    Guest,

    /// <summary>Reserved bits or values.</summary>
    Illegal,
}
