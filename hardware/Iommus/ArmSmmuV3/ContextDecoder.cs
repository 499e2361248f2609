using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3;

/// <summary>Judges STEs and CDs and decodes them. Source: Arm IHI 0070, the conditions of C_BAD_STE and C_BAD_CD.</summary>
internal sealed class ContextDecoder(ArmSmmuV3Options options, Register control2)
{
    private bool El2HasAsids => ((Control2)control2.Value & Control2.E2H) != 0;

    /// <summary>Whether an STE is well-formed; if not: C_BAD_STE.</summary>
    public bool IsValid(in StreamTableEntry entry)
    {
        if (!entry.Valid)
            return false;
        var configuration = (int)entry.Configuration;
        if ((configuration & 4) == 0)
            return true;
        var stage1 = (configuration & 1) != 0;
        var stage2 = (configuration & 2) != 0;
        if ((stage1 && !options.Stage1) || (stage2 && !options.Stage2))
            return false;
        if (stage1 && entry.World != StreamWorld.NonSecureEl1 && (entry.World != StreamWorld.El2 || stage2 || !options.Hyp))
            return false;
        if (options.Ats && (stage1 || stage2) && (entry.Ats > AtsMode.SplitStage || (entry.Ats == AtsMode.SplitStage && !(stage1 && stage2))))
            return false;
        if (stage1 && entry.Log2Contexts != 0)
        {
            if (entry.Log2Contexts > options.SubstreamIdBits || entry.DefaultSubstream > DefaultSubstream.Substream0)
                return false;
            if (entry.ContextTableFormat > StreamTableEntry.TwoLevelContextTable64K
                || (entry.ContextTableFormat != StreamTableEntry.LinearContextTable && !options.TwoLevelContextTables))
            {
                return false;
            }
        }

        return !stage2 || IsStage2Valid(entry);
    }

    /// <summary>Whether a CD is well-formed; if not: C_BAD_CD.</summary>
    public bool IsValid(in ContextDescriptor descriptor)
    {
        if (!descriptor.Valid || !descriptor.Aa64 || descriptor.BigEndian || descriptor.HardwareAccess || descriptor.HardwareDirty)
            return false;
        if (options.AlwaysAbort && !descriptor.Abort)
            return false;
        if (options.StallModel == (descriptor.Stall ? StallModel.TerminateOnly : StallModel.StallForced))
            return false;
        var bits = OutputBits(descriptor.OutputSize);
        return (descriptor.WalkDisabled0 || IsTableValid(GranuleShift0(descriptor.Granule0), descriptor.T0Sz, descriptor.Table0, bits))
            && (descriptor.WalkDisabled1 || IsTableValid(GranuleShift1(descriptor.Granule1), descriptor.T1Sz, descriptor.Table1, bits));
    }

    /// <summary>Decodes what the STE alone says.</summary>
    public void Decode(in StreamTableEntry entry, ref StreamContext context)
    {
        var configuration = (int)entry.Configuration;
        context.Ats = options.Ats ? entry.Ats : AtsMode.Abort;
        if ((configuration & 4) == 0)
        {
            context.Action = StreamAction.Abort;
            return;
        }

        context.Stage1 = (configuration & 1) != 0;
        context.Stage2 = (configuration & 2) != 0;
        context.Action = context.Stage1 || context.Stage2 ? StreamAction.Translate : StreamAction.Bypass;
        context.Tag = IotlbTag.Of(StreamWorld.NonSecureEl1, Vmid(entry.Vmid), 0) | IotlbTag.Stage2Only;
        if (!context.Stage2)
            return;
        context.Stage2Faults = Policy(entry.Stage2Record, entry.Stage2Stall);
        context.ProtectedWalk = entry.Stage2ProtectedWalk;
        var granule = GranuleShift0(entry.Stage2Granule);
        var start = ArmLpaeRegime.Stage2StartLevel(granule, entry.Stage2StartLevel);
        context.Second = new ArmLpaeRegime(
            entry.Stage2Table,
            granule,
            start,
            64 - entry.Stage2T0Sz,
            OutputBits(entry.Stage2OutputSize),
            entry.Stage2AccessFlagFaultDisable ? ArmLpaeWalkOptions.AccessFlagIgnored : ArmLpaeWalkOptions.None);
    }

    /// <summary>Adds what the CD says.</summary>
    public void Decode(in StreamTableEntry entry, in ContextDescriptor descriptor, ref StreamContext context)
    {
        var el2 = entry.World == StreamWorld.El2;
        var asid = el2 && !El2HasAsids ? (ushort)0 : options.WideAsids ? descriptor.Asid : (byte)descriptor.Asid;
        var vmid = el2 ? (ushort)0 : Vmid(entry.Vmid);
        context.Tag = IotlbTag.Of(entry.World, vmid, asid);
        context.GlobalTag = IotlbTag.Of(entry.World, vmid, 0) | IotlbTag.Global;
        context.AlwaysPrivileged = el2 && !El2HasAsids;
        context.Stage1Faults = Policy(descriptor.Record, descriptor.Stall && !entry.StallDisabled);
        context.HasUpper = !el2 || El2HasAsids;
        context.LowerDisabled = descriptor.WalkDisabled0;
        context.UpperDisabled = descriptor.WalkDisabled1;
        context.TopByteIgnored0 = descriptor.TopByteIgnored0;
        context.TopByteIgnored1 = descriptor.TopByteIgnored1 && context.HasUpper;
        var bits = OutputBits(descriptor.OutputSize);
        var common = descriptor.AccessFlagFaultDisable ? ArmLpaeWalkOptions.AccessFlagIgnored : ArmLpaeWalkOptions.None;
        if (!context.LowerDisabled)
        {
            context.Lower = Regime(
                GranuleShift0(descriptor.Granule0), descriptor.T0Sz, descriptor.Table0, bits, common, descriptor.TopByteIgnored0, descriptor.HierarchyDisabled0);
        }

        if (!context.UpperDisabled && context.HasUpper)
        {
            context.Upper = Regime(
                GranuleShift1(descriptor.Granule1),
                descriptor.T1Sz,
                descriptor.Table1,
                bits,
                common | ArmLpaeWalkOptions.UpperHalf,
                descriptor.TopByteIgnored1,
                descriptor.HierarchyDisabled1);
        }
    }

    private static int GranuleShift0(int code) => code switch { 0 => 12, 1 => 16, 2 => 14, _ => 0 };

    private static int GranuleShift1(int code) => code switch { 1 => 14, 2 => 12, 3 => 16, _ => 0 };

    private static FaultPolicy Policy(bool record, bool stall) =>
        (record ? FaultPolicy.Record : FaultPolicy.None) | (stall ? FaultPolicy.Stall : FaultPolicy.None);

    // What the first table of a walk resolves is at most one table (stage 1), so its size follows from the input size.
    private static ulong AlignTable(ulong table, int granule, int start, int inputBits)
    {
        var resolvedBelow = granule + ((3 - start) * (granule - 3));
        return table & ~((8UL << Math.Max(inputBits - resolvedBelow, 1)) - 1);
    }

    private ArmLpaeRegime Regime(int granule, int size, ulong table, int outputBits, ArmLpaeWalkOptions walk, bool topByteIgnored, bool hierarchyDisabled)
    {
        if (topByteIgnored)
            walk |= ArmLpaeWalkOptions.TopByteIgnored;
        if (hierarchyDisabled && options.HierarchyDisable)
            walk |= ArmLpaeWalkOptions.TablePermissionsIgnored;
        var start = ArmLpaeRegime.Stage1StartLevel(granule, 64 - size);
        return new ArmLpaeRegime(AlignTable(table, granule, start, 64 - size), granule, start, 64 - size, outputBits, walk);
    }

    private bool IsTableValid(int granule, int size, ulong table, int outputBits) =>
        options.HasGranule(granule) && size >= (options.LargeInput && granule == 16 ? 12 : 16) && size <= 39 && table >> outputBits == 0;

    private bool IsStage2Valid(in StreamTableEntry entry)
    {
        var granule = GranuleShift0(entry.Stage2Granule);
        if (!entry.Stage2Aa64 || entry.Stage2BigEndian || !options.HasGranule(granule))
            return false;
        if (options.StallModel == (entry.Stage2Stall ? StallModel.TerminateOnly : StallModel.StallForced))
            return false;
        var start = ArmLpaeRegime.Stage2StartLevel(granule, entry.Stage2StartLevel);
        if (start is < 0 or > 2 && granule == 12 || start is < 0 or > 3)
            return false;

        // The first table resolves at least one bit, and at most four more than a table of one page (16 concatenated tables).
        var inputBits = 64 - entry.Stage2T0Sz;
        var firstBits = inputBits - granule - ((3 - start) * (granule - 3));
        return entry.Stage2T0Sz >= (options.OutputBits == 52 && granule == 16 ? 12 : 16) && entry.Stage2T0Sz <= 39
            && firstBits >= 1 && firstBits <= granule - 3 + 4
            && entry.Stage2Table >> OutputBits(entry.Stage2OutputSize) == 0;
    }

    private int OutputBits(int code) => Math.Min(ArmSmmuV3Options.DecodeOutputSize(code), options.OutputBits);

    private ushort Vmid(ushort vmid) => !options.Stage2 ? (ushort)0 : options.WideVmids ? vmid : (byte)vmid;
}
