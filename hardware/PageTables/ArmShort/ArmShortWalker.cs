using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.PageTables.ArmShort;

/// <summary>The silicon's walk of Armv7 short descriptors: two levels.</summary>
/// <remarks>Source: Arm DDI 0406C B3.5; access permissions in the model with access flag (SCTLR.AFE=1).</remarks>
/// <param name="memory">Where the tables are.</param>
/// <param name="options">What the silicon makes of the words.</param>
/// <param name="inputBits">Bits of input address, 20 to 34.</param>
public readonly struct ArmShortWalker(PhysicalMemory memory, ArmShortWalkOptions options = ArmShortWalkOptions.None, int inputBits = 32)
{
    private const uint PageMask = 0xffff_f000;
    private const uint LargeMask = 0xffff_0000;
    private const uint SectionMask = 0xfff0_0000;
    private const uint SupersectionMask = 0xff00_0000;

    /// <summary>Translates an address.</summary>
    /// <param name="table">Address of the first table.</param>
    /// <param name="iova">The address.</param>
    /// <param name="result">What was found. Levels are 1 and 2.</param>
    public void Walk(ulong table, ulong iova, out WalkResult result)
    {
        result = default;
        result.Level = 1;
        if (iova >> inputBits != 0)
        {
            result.Status = WalkStatus.InputSize;
            return;
        }

        var cursor = new BankCursor(memory, table);
        if (!Read(ref cursor, table + ((iova >> ArmShortEntry.SectionShift) * 4), ref result, out var entry))
            return;
        if (ArmShortEntry.IsTable(entry, 1))
        {
            var next = (entry & ArmShortEntry.TableMask) | ((options & ArmShortWalkOptions.MediaTekTables) != 0 ? ArmShortEntry.UpperAddress(entry) : 0);
            result.Level = 2;
            if (Read(ref cursor, next + (((iova >> ArmShortEntry.SmallShift) & 0xff) * 4), ref result, out entry))
                Leaf(entry, (entry & ArmShortEntry.Page) == 0 ? LargeMask : PageMask, ref result);
        }
        else
        {
            Leaf(entry, (entry & ArmShortEntry.Supersection) != 0 ? SupersectionMask : SectionMask, ref result);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Read(ref BankCursor cursor, ulong address, ref WalkResult result, out uint entry)
    {
        result.EntryAddress = address;
        if (!cursor.TryRead32(address, out entry))
        {
            result.Status = WalkStatus.ReadAbort;
            return false;
        }

        result.Reads++;
        result.Entry = entry;
        if ((entry & ArmShortEntry.TypeMask) == 0)
            result.Status = WalkStatus.NotPresent;
        return (entry & ArmShortEntry.TypeMask) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Leaf(uint entry, uint mask, ref WalkResult result)
    {
        result.PageShift = (byte)uint.TrailingZeroCount(mask);
        result.Output = (entry & mask) | ((options & ArmShortWalkOptions.MediaTek) != 0 ? ArmShortEntry.UpperAddress(entry) : 0);
        if ((options & ArmShortWalkOptions.NoPermissions) != 0)
        {
            result.Permissions = PagePermissions.Read | PagePermissions.Write | PagePermissions.Execute;
            return;
        }

        var attributes = entry >> ArmShortEntry.AttributeShift(result.Level);
        if ((attributes & ArmShortEntry.AccessFlag) == 0)
            result.Status = WalkStatus.AccessFlag;
        var permissions = PagePermissions.Read;
        if ((attributes & ArmShortEntry.ReadOnly) == 0)
            permissions |= PagePermissions.Write;
        if ((attributes & ArmShortEntry.Unprivileged) == 0)
            permissions |= PagePermissions.PrivilegedOnly;
        var executeNever = mask == LargeMask ? ArmShortEntry.LargeExecuteNever : ArmShortEntry.ExecuteNever(result.Level);
        if ((entry & executeNever) == 0)
            permissions |= PagePermissions.Execute;
        result.Permissions = permissions;
    }
}
