using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Tests.PageTables;

/// <summary>The silicon's walk of a table that a test made.</summary>
internal static class ArmLpaeWalks
{
    public static WalkResult Walk<TStage>(this ArmLpaePageTable table, PhysicalMemory memory, ulong iova, ArmLpaeWalkOptions options = ArmLpaeWalkOptions.None)
        where TStage : struct, IArmLpaeStage
    {
        var reader = new MemoryTableReader(memory);
        var regime = new ArmLpaeRegime(table.Root, table.Layout.GranuleShift, table.Layout.StartLevel, table.InputBits, table.Layout.Config.OutputBits, options);
        ArmLpaeWalker.Walk<TStage, MemoryTableReader>(ref reader, regime, iova, out var result);
        return result;
    }
}
