using System.Runtime.CompilerServices;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Hardware.Iommus.Rockchip;

/// <summary>The silicon's walk: directory by IOVA[31:22], page table by IOVA[21:12]. A table that is not RAM ends it with <see cref="WalkStatus.ReadAbort"/>.</summary>
/// <param name="memory">Where the tables are.</param>
/// <param name="hardware">The version.</param>
public readonly struct RockchipWalker(PhysicalMemory memory, RockchipHardware hardware)
{
    /// <summary>log2 of the page size.</summary>
    public const int PageShift = 12;

    /// <summary>Walks.</summary>
    /// <param name="directory">Address of the directory.</param>
    /// <param name="iova">The address.</param>
    /// <param name="result">Level 1: the directory entry was the last one read; level 2: the leaf.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Walk(ulong directory, uint iova, out WalkResult result)
    {
        result = default;
        result.PageShift = PageShift;
        result.Level = 1;
        if (Read(directory, iova >> 22, ref result) is not WalkStatus.Ok)
            return;
        result.Level = 2;
        if (Read(hardware.DecodeAddress((uint)result.Entry), (iova >> 12) & 0x3ff, ref result) is not WalkStatus.Ok)
            return;
        result.Output = hardware.DecodeAddress((uint)result.Entry);
        result.Permissions = RockchipHardware.Permissions((uint)result.Entry);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WalkStatus Read(ulong table, uint index, ref WalkResult result)
    {
        result.EntryAddress = table + (index * 4);
        if (!memory.TryRead32(result.EntryAddress, out var entry))
            return result.Status = WalkStatus.ReadAbort;
        result.Entry = entry;
        result.Reads++;
        return result.Status = (entry & RockchipHardware.Valid) != 0 ? WalkStatus.Ok : WalkStatus.NotPresent;
    }
}
