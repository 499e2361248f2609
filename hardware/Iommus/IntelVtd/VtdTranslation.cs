namespace Emulator.Hardware.Iommus.IntelVtd;

/// <summary>The end of the way through root, context and PASID tables: how a requester's addresses are translated. This is what the context cache
/// (legacy) and the PASID cache (scalable) hold.</summary>
public struct VtdTranslation
{
    /// <summary>What is done.</summary>
    public VtdTranslationKind Kind;

    /// <summary>Levels of the second-level table.</summary>
    public byte SecondLevels;

    /// <summary>Levels of the first-level table.</summary>
    public byte FirstLevels;

    /// <summary>Read in scalable mode: fault reasons are those of scalable mode.</summary>
    public bool Scalable;

    /// <summary>Faults are not recorded (FPD).</summary>
    public bool FaultsDisabled;

    /// <summary>ATS requests are served.</summary>
    public bool DeviceTlb;

    /// <summary>Supervisor requests are served.</summary>
    public bool Supervisor;

    /// <summary>Supervisor writes obey the write bit.</summary>
    public bool WriteProtect;

    /// <summary>Execute-disable bits of the first level are honoured; otherwise they are reserved.</summary>
    public bool ExecuteDisable;

    /// <summary>Domain id; 0 for what is cached though not present (caching mode).</summary>
    public ushort Domain;

    /// <summary>Why requests are refused.</summary>
    public ushort Fault;

    /// <summary>The PASID that caches are tagged with: the request's, or RID_PASID.</summary>
    public uint Pasid;

    /// <summary>The top second-level table.</summary>
    public ulong SecondRoot;

    /// <summary>The top first-level table.</summary>
    public ulong FirstRoot;

    /// <summary>A refusal.</summary>
    public static VtdTranslation Refuse(ushort fault, bool faultsDisabled = false) => new() { Fault = fault, FaultsDisabled = faultsDisabled };
}
