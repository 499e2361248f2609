namespace Emulator.Hardware.Iommus.AmdVi;

/// <summary>Commands, with their opcodes.</summary>
public enum AmdViCommandKind
{
    /// <summary>Stores a word or raises an interrupt when all earlier commands have taken effect.</summary>
    CompletionWait = 1,

    /// <summary>Drops the cached device table entry of a device.</summary>
    InvalidateDeviceTableEntry = 2,

    /// <summary>Drops cached translations of a domain.</summary>
    InvalidateIommuPages = 3,

    /// <summary>Asks a device to drop translations that it cached.</summary>
    InvalidateIotlbPages = 4,

    /// <summary>Drops cached interrupt table entries of a device.</summary>
    InvalidateInterruptTable = 5,

    /// <summary>Prefetches translations.</summary>
    PrefetchIommuPages = 6,

    /// <summary>Answers a page request.</summary>
    CompletePageRequest = 7,

    /// <summary>Drops everything that is cached.</summary>
    InvalidateAll = 8,
}
