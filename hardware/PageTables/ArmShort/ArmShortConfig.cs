namespace Emulator.Hardware.PageTables.ArmShort;

/// <summary>What a table of Armv7 short descriptors is asked to be.</summary>
public sealed record ArmShortConfig
{
    /// <summary>The page sizes that the format has: 4 KiB, 64 KiB, 1 MiB, 16 MiB.</summary>
    public const ulong PageSizes = 0x111_1000;

    /// <summary>Bits of input address: at most 32, MediaTek 34.</summary>
    public int InputBits { get; init; } = 32;

    /// <summary>Bits of output address: at most 32, MediaTek 35.</summary>
    public int OutputBits { get; init; } = 32;

    /// <summary>Page sizes that may be used; others than the format's are left out.</summary>
    public ulong PageSizeBitmap { get; init; } = PageSizes;

    /// <summary>What departs from the plain format.</summary>
    public ArmShortQuirks Quirks { get; init; }

    /// <summary>Whether the silicon's walks are coherent with the CPU's caches: shows in <see cref="ArmShortPageTable.TranslationTableBase"/>.</summary>
    public bool CoherentWalk { get; init; }
}
