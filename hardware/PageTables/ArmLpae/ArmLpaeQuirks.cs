namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>Departures from the plain format. Source: Linux include/linux/io-pgtable.h, IO_PGTABLE_QUIRK_*.</summary>
[Flags]
public enum ArmLpaeQuirks
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>Mark tables and leaves non-secure (ARM_NS).</summary>
    NonSecure = 1,

    /// <summary>The table serves the upper half of the address space (ARM_TTBR1).</summary>
    UpperHalf = 2,

    /// <summary>Walks are outer write-back cacheable though not coherent (ARM_OUTER_WBWA).</summary>
    OuterWriteBack = 4,

    /// <summary>The silicon marks written pages (ARM_HD, Linux 6.12).</summary>
    HardwareDirty = 8,
}
