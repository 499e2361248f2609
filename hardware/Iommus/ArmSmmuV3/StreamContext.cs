using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>An STE and, for stage 1, a CD, decoded into what a translation needs.</summary>
internal struct StreamContext
{
    /// <summary>IOTLB tag of the stream's own entries.</summary>
    public ulong Tag;

    /// <summary>IOTLB tag of the global entries that the stream may use.</summary>
    public ulong GlobalTag;

    public StreamAction Action;

    /// <summary>Stage 1 translates.</summary>
    public bool Stage1;

    /// <summary>Stage 2 translates.</summary>
    public bool Stage2;

    /// <summary>The upper range exists (TTB1).</summary>
    public bool HasUpper;

    /// <summary>EPD0.</summary>
    public bool LowerDisabled;

    /// <summary>EPD1.</summary>
    public bool UpperDisabled;

    /// <summary>TBI0.</summary>
    public bool TopByteIgnored0;

    /// <summary>TBI1.</summary>
    public bool TopByteIgnored1;

    /// <summary>The stream world knows no unprivileged accesses (EL2).</summary>
    public bool AlwaysPrivileged;

    /// <summary>S2PTW.</summary>
    public bool ProtectedWalk;

    public AtsMode Ats;

    public FaultPolicy Stage1Faults;

    public FaultPolicy Stage2Faults;

    /// <summary>The table of TTB0.</summary>
    public ArmLpaeRegime Lower;

    /// <summary>The table of TTB1.</summary>
    public ArmLpaeRegime Upper;

    /// <summary>The table of S2TTB.</summary>
    public ArmLpaeRegime Second;
}
