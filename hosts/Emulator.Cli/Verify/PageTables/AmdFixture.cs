using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Amd;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>AMD's page tables of the vectors: <c>AMD_IOMMU_V1</c> and <c>AMD_IOMMU_V2</c>.</summary>
public sealed class AmdFixture : PageTableFixture
{
    private readonly PhysicalMemory _memory;
    private readonly AmdV1PageTable? _v1;
    private readonly AmdV2PageTable? _v2;

    private AmdFixture(PhysicalMemory memory, AmdV1PageTable? v1, AmdV2PageTable? v2) => (_memory, _v1, _v2) = (memory, v1, v2);

    /// <inheritdoc/>
    public override IPageTable Table => (IPageTable?)_v1 ?? _v2!;

    /// <inheritdoc/>
    public override bool ComparesFlushes => true;

    /// <inheritdoc/>
    public override bool FlushesThroughDriver => true;

    /// <summary>A host (v1) table.</summary>
    public static PageTableFixture MakeV1(JsonElement vector, KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames) =>
        new AmdFixture(memory, new AmdV1PageTable(memory, frames, kernel, vector.GetProperty("config").Word("pgsize_bitmap")), null);

    /// <summary>A guest (v2) table.</summary>
    public static PageTableFixture MakeV2(JsonElement vector, KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames) =>
        new AmdFixture(memory, null, new AmdV2PageTable(memory, frames, kernel, (int)vector.GetProperty("config").Word("levels")));

    /// <inheritdoc/>
    public override WalkResult Walk(ulong iova)
    {
        const PagePermissions All = PagePermissions.Read | PagePermissions.Write;
        WalkResult result;
        if (_v1 != null)
            AmdV1Walker.Walk(_memory, _v1.Root, _v1.Levels, iova, All, out result);
        else
            AmdV2Walker.Walk(_memory, _v2!.Root, _v2.Levels, iova, All, out result);
        return result;
    }

    /// <inheritdoc/>
    public override PagePermissions Permitted(Protection protection)
    {
        var write = (protection & Protection.Write) != 0 ? PagePermissions.Write : PagePermissions.None;
        if (_v1 == null)
            return write | PagePermissions.Read | PagePermissions.Execute;
        return write | ((protection & Protection.Read) != 0 ? PagePermissions.Read : PagePermissions.None);
    }

    /// <inheritdoc/>
    public override void CheckConfiguration(JsonElement config, VectorRun run)
    {
        run.Check("page sizes", config.Word("pgsize_bitmap"), Table.PageSizeBitmap);
        CheckEnd(config, run);
    }

    /// <inheritdoc/>
    public override void CheckEnd(JsonElement end, VectorRun run)
    {
        run.Check("root", end.Word("root"), _v1?.Root ?? _v2!.Root);
        run.Check("levels", end.Word("levels"), (ulong)(_v1?.Levels ?? _v2!.Levels));
    }
}
