using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.IpmmuVmsa;

/// <summary>Reads table words for a non-secure walk: a valid word without its NSTable (tables) or NS bit (leaves) ends it, unlike in Arm's VMSA, where the bits
/// above decide for those below.</summary>
/// <remarks>Source: Linux 6.1 drivers/iommu/ipmmu-vmsa.c:429-436, the comment on what the IPMMU does with these bits.</remarks>
internal struct NonSecureTableReader(PhysicalMemory memory, int startLevel) : ITableReader
{
    private int _level = startLevel;

    // Whether the walk ended for want of the bit, rather than on the bus.
    public bool IsSecureAccess { get; private set; }

    public bool TryRead(ulong address, out ulong word)
    {
        if (!memory.TryRead64(address, out word))
            return false;
        var isTable = _level++ < 3 && (word & 3) == ArmLpaeEntry.TypeTableOrPage;
        IsSecureAccess = (word & 1) != 0 && (word & (isTable ? ArmLpaeEntry.TableNonSecure : ArmLpaeEntry.NonSecure)) == 0;
        return !IsSecureAccess;
    }
}
