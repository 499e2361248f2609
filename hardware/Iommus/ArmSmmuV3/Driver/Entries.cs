using Emulator.Hardware.PageTables.ArmLpae;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>Stream table entries and context descriptors with the values that Linux gives their fields.</summary>
internal static class Entries
{
    // Write-back, read-allocate; inner shareable: how the SMMU fetches context descriptors.
    private const int WriteBackReadAllocate = 1;
    private const int InnerShareable = 3;

    public static ContextDescriptor Stage1Context(ArmSmmuV3Domain domain, bool stalls)
    {
        var table = domain.Lpae!;
        var controls = table.Layout.Controls;
        return new ContextDescriptor
        {
            T0Sz = controls.InputSize,
            Granule0 = controls.Granule,
            InnerCacheability0 = controls.InnerCacheability,
            OuterCacheability0 = controls.OuterCacheability,
            Shareability0 = controls.Shareability,
            OutputSize = controls.OutputSize,
            WalkDisabled1 = true,
            Aa64 = true,
            Record = true,
            Abort = true,
            Stall = stalls,
            AsidPrivate = true,
            Asid = domain.Asid,
            Valid = true,
            Table0 = table.Root,
            Mair = ArmLpaeLayout.MemoryAttributes,
            HardwareAccess = (table.Layout.Config.Quirks & ArmLpaeQuirks.HardwareDirty) != 0,
            HardwareDirty = (table.Layout.Config.Quirks & ArmLpaeQuirks.HardwareDirty) != 0,
        };
    }

    public static StreamTableEntry Stage1(Features features, Master master, ContextTable contexts, bool ats, DefaultSubstream defaultSubstream) => new()
    {
        Valid = true,
        Configuration = StreamConfiguration.Stage1,
        ContextTable = contexts.Address,
        Log2Contexts = contexts.Log2Contexts,
        ContextTableFormat = contexts.Format,
        DefaultSubstream = defaultSubstream,
        ContextInnerCacheability = WriteBackReadAllocate,
        ContextOuterCacheability = WriteBackReadAllocate,
        ContextShareability = InnerShareable,
        World = features.E2H ? StreamWorld.El2 : StreamWorld.NonSecureEl1,
        StallDisabled = features.Stalls && !master.Stalls,
        Ats = ats ? AtsMode.Full : AtsMode.Abort,
    };

    public static StreamTableEntry Stage2(ArmSmmuV3Domain domain)
    {
        var table = domain.Lpae!;
        var controls = table.Layout.Controls;
        return new StreamTableEntry
        {
            Valid = true,
            Configuration = StreamConfiguration.Stage2,
            Vmid = domain.Vmid,
            Vtcr = controls.InputSize | (ulong)controls.StartLevel << 6 | (ulong)controls.InnerCacheability << 8 | (ulong)controls.OuterCacheability << 10
                | (ulong)controls.Shareability << 12 | (ulong)controls.Granule << 14 | (ulong)controls.OutputSize << 16,
            Stage2Aa64 = true,
            Stage2ProtectedWalk = true,
            Stage2Record = true,
            Stage2Table = table.Root,
        };
    }
}
