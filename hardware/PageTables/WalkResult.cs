using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables;

/// <summary>What the silicon's walker found.</summary>
public struct WalkResult
{
    /// <summary>How the walk ended.</summary>
    public WalkStatus Status;

    /// <summary>Level of the last entry read, as the format numbers its levels.</summary>
    public sbyte Level;

    /// <summary>log2 of the page size.</summary>
    public byte PageShift;

    /// <summary>What the leaf and the tables above it allow together.</summary>
    public PagePermissions Permissions;

    /// <summary>Table words read.</summary>
    public byte Reads;

    /// <summary>First output address of the page.</summary>
    public ulong Output;

    /// <summary>The last entry read.</summary>
    public ulong Entry;

    /// <summary>Address of the last entry read, or of the one that could not be read.</summary>
    public ulong EntryAddress;

    /// <summary>Where an input address of the page lands.</summary>
    public readonly ulong Translate(ulong iova) => Output | (iova & ((1UL << PageShift) - 1));
}
