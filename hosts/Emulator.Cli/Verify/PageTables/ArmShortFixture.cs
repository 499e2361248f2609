using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmShort;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>The Armv7 short-descriptor format, MediaTek's extensions included.</summary>
public sealed class ArmShortFixture : PageTableFixture
{
    private readonly ArmShortPageTable _table;
    private readonly ArmShortWalker _walker;

    private ArmShortFixture(PhysicalMemory memory, ArmShortPageTable table)
    {
        _table = table;
        var options = Either(ArmShortQuirks.NoPermissions, ArmShortWalkOptions.NoPermissions)
            | Either(ArmShortQuirks.MediaTek, ArmShortWalkOptions.MediaTek)
            | Either(ArmShortQuirks.MediaTekTables, ArmShortWalkOptions.MediaTekTables);
        _walker = new ArmShortWalker(memory, options, table.InputBits);

        ArmShortWalkOptions Either(ArmShortQuirks quirk, ArmShortWalkOptions option) => (table.Config.Quirks & quirk) != 0 ? option : ArmShortWalkOptions.None;
    }

    /// <inheritdoc/>
    public override IPageTable Table => _table;

    /// <inheritdoc/>
    public override bool ComparesFlushes => true;

    /// <summary>Makes the fixture; null when the format refuses the configuration.</summary>
    public static PageTableFixture? Create(JsonElement vector, KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames)
    {
        var config = vector.GetProperty("config");
        var quirks = ArmShortQuirks.None;
        foreach (var quirk in config.Items("quirks"))
        {
            switch (quirk.GetString())
            {
                case "ARM_NS":
                    quirks |= ArmShortQuirks.NonSecure;
                    break;
                case "NO_PERMS":
                    quirks |= ArmShortQuirks.NoPermissions;
                    break;
                case "ARM_MTK_EXT":
                    quirks |= ArmShortQuirks.MediaTek;
                    break;
                case "ARM_MTK_TTBR_EXT":
                    quirks |= ArmShortQuirks.MediaTekTables;
                    break;
                default:
                    // A quirk of another format: refused by this one.
                    return null;
            }
        }

        var table = ArmShortPageTable.Create(memory, frames, new ArmShortConfig
        {
            InputBits = (int)config.Word("ias_in"),
            OutputBits = (int)config.Word("oas_in"),
            PageSizeBitmap = config.Word("pgsize_bitmap_in"),
            Quirks = quirks,
            CoherentWalk = config.Flag("coherent_walk"),
        });
        return table == null ? null : new ArmShortFixture(memory, table);
    }

    /// <inheritdoc/>
    public override WalkResult Walk(ulong iova)
    {
        _walker.Walk(_table.Root, iova, out var result);
        return result;
    }

    /// <inheritdoc/>
    public override PagePermissions Permitted(Protection protection)
    {
        if ((_table.Config.Quirks & ArmShortQuirks.NoPermissions) != 0)
            return PagePermissions.Read | PagePermissions.Write | PagePermissions.Execute;
        var permitted = PagePermissions.Read;
        if ((protection & Protection.Write) != 0)
            permitted |= PagePermissions.Write;
        if ((protection & Protection.Privileged) != 0)
            permitted |= PagePermissions.PrivilegedOnly;
        return (protection & Protection.NoExecute) == 0 ? permitted | PagePermissions.Execute : permitted;
    }

    /// <inheritdoc/>
    public override void CheckConfiguration(JsonElement config, VectorRun run)
    {
        run.Check("ias", config.Word("ias"), (ulong)_table.InputBits);
        run.Check("oas", config.Word("oas"), (ulong)_table.Config.OutputBits);
        run.Check("pgsize_bitmap", config.Word("pgsize_bitmap"), _table.PageSizeBitmap);
        run.Check("ttbr", config.Word("ttbr"), (ulong)_table.TranslationTableBase);
        run.Check("nmrr", config.Word("nmrr"), (ulong)ArmShortPageTable.NormalMemoryRemap);
        run.Check("prrr", config.Word("prrr"), (ulong)ArmShortPageTable.PrimaryRegionRemap);
    }
}
