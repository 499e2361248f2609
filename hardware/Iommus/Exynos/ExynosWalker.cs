using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.Registers;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.Exynos;

/// <summary>The silicon's walk of SysMMU tables: a first level of 4096 words of 1 MiB each, second levels of 256 words of 4 KiB each.</summary>
/// <remarks>Level 1: type 1 is a link, 2 a section, else a fault. Level 2: type 0 is a fault, 1 a large page (64 KiB), 2 and 3 a small one.</remarks>
internal readonly struct ExynosWalker(PhysicalMemory memory, bool shifted)
{
    private const int SectionShift = 20;
    private const int LargeShift = 16;
    private const int SmallShift = 12;

    /// <summary>Whether a first-level word is a link to a second-level table.</summary>
    public static bool IsLink(uint word) => (word & 3) == 1;

    /// <summary>Reads the first-level word.</summary>
    /// <returns>False: the table is not RAM; the result says so.</returns>
    public bool ReadFirst(ulong table, ulong iova, ref WalkResult result)
    {
        result.Level = 1;
        return Read(table + ((iova >> SectionShift) * 4), ref result);
    }

    /// <summary>Walks on from the first-level word in <see cref="WalkResult.Entry"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void WalkFrom(ulong iova, ref WalkResult result)
    {
        var word = result.Entry;
        if ((word & 3) == 2)
        {
            Finish(SectionShift, shifted ? word.InPlace(31, 16) << 4 : word.InPlace(31, 20), shifted ? word.Number(5, 4) : Permissions(word, 10, 15), ref result);
            return;
        }

        result.Status = WalkStatus.NotPresent;
        if (!IsLink((uint)word))
            return;
        result.Level = 2;
        var table = shifted ? word.InPlace(31, 6) << 4 : word.InPlace(31, 10);
        if (!Read(table + (((iova >> SmallShift) & 0xff) * 4), ref result))
            return;
        word = result.Entry;
        var permissions = shifted ? word.Number(3, 2) : Permissions(word, 4, 9);
        if ((word & 2) != 0)
            Finish(SmallShift, shifted ? word.InPlace(31, 8) << 4 : word.InPlace(31, 12), permissions, ref result);
        else if ((word & 3) == 1)
            Finish(LargeShift, shifted ? word.InPlace(31, 12) << 4 : word.InPlace(31, 16), permissions, ref result);
        else
            result.Status = WalkStatus.NotPresent;
    }

    // v1 to v3: one bit allows access at all, another one takes writing away.
    private static int Permissions(ulong word, int access, int readOnly) => !word.Bit(access) ? 0 : word.Bit(readOnly) ? 1 : 3;

    private static void Finish(int shift, ulong output, int permissions, ref WalkResult result)
    {
        result.Status = WalkStatus.Ok;
        result.PageShift = (byte)shift;
        result.Output = output;
        result.Permissions = (PagePermissions)permissions;
    }

    private bool Read(ulong address, ref WalkResult result)
    {
        result.EntryAddress = address;
        result.Reads++;
        if (memory.TryRead32(address, out var word))
        {
            result.Entry = word;
            return true;
        }

        result.Status = WalkStatus.ReadAbort;
        return false;
    }
}
