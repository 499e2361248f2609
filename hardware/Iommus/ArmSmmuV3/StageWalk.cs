using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Translation;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Walks stage 1, stage 2, or stage 1 with its tables and output through stage 2.</summary>
internal static class StageWalk
{
    /// <summary>Translates an address.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="context">The stream's tables.</param>
    /// <param name="address">The input address.</param>
    /// <param name="page">What was found.</param>
    /// <param name="fault">Why not, when the result is false. Permissions are not looked at here.</param>
    /// <param name="intermediateOnly">Stop at the output of stage 1 (split-stage ATS).</param>
    public static bool TryTranslate(
        PhysicalMemory memory, in StreamContext context, ulong address, out PageTranslation page, out TranslationFault fault, bool intermediateOnly = false)
    {
        page = default;
        fault = default;
        var first = default(WalkResult);
        var granule = context.Second.GranuleShift;
        page.Intermediate = address;
        if (context.Stage1)
        {
            var upper = context.HasUpper && (address & 1UL << 55) != 0;
            if (upper ? context.UpperDisabled : context.LowerDisabled)
            {
                fault = new TranslationFault(EventCode.Translation, EventClass.Input);
                return false;
            }

            ref readonly var regime = ref upper ? ref context.Upper : ref context.Lower;
            granule = regime.GranuleShift;
            if (!TryWalkStage1(memory, context, regime, address, out first, out fault))
                return false;
            page.Global = (first.Entry & ArmLpaeEntry.NotGlobal) == 0;
            page.Intermediate = first.Translate(address);
            if (!context.Stage2 || intermediateOnly)
            {
                page.Output = page.Intermediate;
                page.PageShift = first.PageShift;
                page.Permissions = first.Permissions;
                page.Flags = new IotlbFlags(first.PageShift, granule, first.Level, false, false, false);
                return true;
            }
        }

        var reader = new MemoryTableReader(memory);
        ArmLpaeWalker.Walk<ArmLpaeStage2, MemoryTableReader>(ref reader, in context.Second, page.Intermediate, out var second);
        if (second.Status != WalkStatus.Ok)
        {
            fault = Fault(second, EventClass.Input, stage2: true, page.Intermediate);
            return false;
        }

        const PagePermissions All = PagePermissions.Read | PagePermissions.Write | PagePermissions.Execute;
        page.Output = second.Translate(page.Intermediate);
        var leaf = context.Stage1 ? first : second;
        page.PageShift = Math.Min(leaf.PageShift, second.PageShift);
        page.Permissions = context.Stage1 ? (first.Permissions & second.Permissions & All) | (first.Permissions & PagePermissions.PrivilegedOnly) : second.Permissions;
        var refused = (context.Stage1 ? first.Permissions : All) & ~second.Permissions;
        page.Flags = new IotlbFlags(
            leaf.PageShift,
            granule,
            leaf.Level,
            (refused & PagePermissions.Read) != 0,
            (refused & PagePermissions.Write) != 0,
            (refused & PagePermissions.Execute) != 0);
        return true;
    }

    /// <summary>The event for a walk that failed.</summary>
    public static TranslationFault Fault(in WalkResult walk, EventClass @class, bool stage2, ulong intermediate) => walk.Status switch
    {
        WalkStatus.OutputSize => new TranslationFault(EventCode.AddressSize, @class, stage2, intermediate),
        WalkStatus.AccessFlag => new TranslationFault(EventCode.AccessFlag, @class, stage2, intermediate),
        WalkStatus.ReadAbort => new TranslationFault(EventCode.WalkExternalAbort, EventClass.TranslationTable, stage2, walk.EntryAddress),
        _ => new TranslationFault(EventCode.Translation, @class, stage2, intermediate),
    };

    private static bool TryWalkStage1(
        PhysicalMemory memory, in StreamContext context, in ArmLpaeRegime regime, ulong address, out WalkResult walk, out TranslationFault fault)
    {
        fault = default;
        if (context.Stage2)
        {
            var nested = new NestedTableReader(memory, context.Second, context.ProtectedWalk, EventClass.TranslationTable);
            ArmLpaeWalker.Walk<ArmLpaeStage1, NestedTableReader>(ref nested, in regime, address, out walk);
            fault = nested.Fault;
        }
        else
        {
            var reader = new MemoryTableReader(memory);
            ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, in regime, address, out walk);
        }

        if (walk.Status == WalkStatus.Ok)
            return true;
        if (fault.Code == EventCode.None)
            fault = Fault(walk, EventClass.Input, stage2: false, 0);
        return false;
    }
}
