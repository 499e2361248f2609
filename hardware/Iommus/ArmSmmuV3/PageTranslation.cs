using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>What walking one stage or both found for a page.</summary>
internal struct PageTranslation
{
    /// <summary>Where the request lands.</summary>
    public ulong Output;

    /// <summary>The intermediate address; the input address without stage 1.</summary>
    public ulong Intermediate;

    /// <summary>What both stages allow.</summary>
    public PagePermissions Permissions;

    /// <summary>log2 of the size for which the translation holds.</summary>
    public byte PageShift;

    /// <summary>nG is clear: the translation holds for every ASID.</summary>
    public bool Global;

    public IotlbFlags Flags;
}
