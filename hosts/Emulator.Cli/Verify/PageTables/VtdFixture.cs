using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Vtd;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>VT-d's second-level and first-level tables.</summary>
public sealed class VtdFixture : PageTableFixture
{
    private readonly PhysicalMemory _memory;
    private readonly VtdPageTable _table;

    private VtdFixture(PhysicalMemory memory, VtdPageTable table) => (_memory, _table) = (memory, table);

    /// <inheritdoc/>
    public override IPageTable Table => _table;

    /// <summary>Makes a fixture as <c>config</c> says.</summary>
    public static PageTableFixture? Make(JsonElement vector, KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames)
    {
        var config = vector.GetProperty("config");
        return new VtdFixture(memory, new VtdPageTable(memory, frames, new VtdPageTableOptions
        {
            Kernel = kernel,
            FirstLevel = config.Flag("first_level"),
            Levels = (int)config.Word("agaw") + 2,
            Width = (int)config.Word("ias"),
            Superpages = (int)config.Word("superpage"),
            SetSnoop = config.Flag("set_pte_snp"),
        }));
    }

    /// <inheritdoc/>
    public override WalkResult Walk(ulong iova)
    {
        var rules = new VtdWalkRules(superpages: _table.Options.Superpages);
        WalkResult walk;
        if (_table.Options.FirstLevel)
        {
            // The kernel maps the upper half as well, without sign extension: the probe's address is what the tables are indexed with.
            var bits = VtdEntry.Shift(_table.Options.Levels + 1);
            var canonical = (ulong)((long)(iova << (64 - bits)) >> (64 - bits));
            var reader = new VtdDirectReader(_memory, marks: false);
            VtdFirstLevelWalker.Walk(ref reader, _table.Root, _table.Options.Levels, canonical, write: false, rules, out walk);
        }
        else
        {
            VtdSecondLevelWalker.Walk(_memory, _table.Root, _table.Options.Levels, iova, rules, out walk);
        }

        return walk;
    }

    /// <inheritdoc/>
    public override PagePermissions Permitted(Protection protection)
    {
        // Both formats: bit 0 is set on every leaf, so reads are always allowed.
        var permissions = PagePermissions.Read;
        if ((protection & Protection.Write) != 0)
            permissions |= PagePermissions.Write;
        return _table.Options is { FirstLevel: true, Kernel: KernelVersion.Linux612 } ? permissions | PagePermissions.Execute : permissions;
    }

    /// <inheritdoc/>
    public override void CheckConfiguration(JsonElement config, VectorRun run)
    {
        run.Check("pgd", config.Word("pgd"), _table.Root);
        run.Check("levels", (int)config.Word("levels"), _table.Options.Levels);
        run.Check("page sizes", config.Word("pgsize_bitmap"), _table.PageSizeBitmap);
    }
}
