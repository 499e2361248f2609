namespace Emulator.Hardware.PageTables;

/// <summary>How a table walk ended.</summary>
public enum WalkStatus : byte
{
    /// <summary>A leaf was found.</summary>
    Ok = 0,

    /// <summary>An entry is not present.</summary>
    NotPresent,

    /// <summary>The input address is wider than the table.</summary>
    InputSize,

    /// <summary>An output address is wider than allowed.</summary>
    OutputSize,

    /// <summary>A reserved bit or a wrong level in an entry.</summary>
    Reserved,

    /// <summary>A table could not be read.</summary>
    ReadAbort,

    /// <summary>The access flag of the leaf is clear.</summary>
    AccessFlag,
}
