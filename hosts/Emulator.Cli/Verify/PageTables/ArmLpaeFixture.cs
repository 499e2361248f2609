using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.ArmLpae;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>The Arm long-descriptor formats.</summary>
public sealed class ArmLpaeFixture : PageTableFixture
{
    private static readonly int[] OutputSizes = [32, 36, 40, 42, 44, 48, 52];

    private readonly PhysicalMemory _memory;
    private readonly ArmLpaePageTable _table;
    private readonly ArmLpaeRegime _regime;

    private ArmLpaeFixture(PhysicalMemory memory, ArmLpaePageTable table)
    {
        _memory = memory;
        _table = table;
        _regime = DecodeRegime(table);
    }

    /// <inheritdoc/>
    public override IPageTable Table => _table;

    /// <inheritdoc/>
    public override bool ComparesFlushes => true;

    /// <inheritdoc/>
    public override bool QueuesWithoutGather => _table.Layout.Config.Kernel != KernelVersion.Linux61;

    /// <summary>Makes the fixture; null when the format refuses the configuration.</summary>
    public static PageTableFixture? Create(JsonElement vector, KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames)
    {
        var config = vector.GetProperty("config");
        var (quirks, known) = ReadQuirks(config);
        var table = !known ? null : ArmLpaePageTable.Create(memory, frames, new ArmLpaeConfig
        {
            Format = vector.Text("format") switch
            {
                "ARM_64_LPAE_S1" => ArmLpaeFormat.Arm64Stage1,
                "ARM_64_LPAE_S2" => ArmLpaeFormat.Arm64Stage2,
                "ARM_32_LPAE_S1" => ArmLpaeFormat.Arm32Stage1,
                "ARM_32_LPAE_S2" => ArmLpaeFormat.Arm32Stage2,
                _ => ArmLpaeFormat.Mali,
            },
            InputBits = (int)config.Word("ias_in"),
            OutputBits = (int)config.Word("oas_in"),
            PageSizeBitmap = config.Word("pgsize_bitmap_in"),
            Quirks = quirks,
            CoherentWalk = config.Flag("coherent_walk"),
            Kernel = kernel,
        });
        return table == null ? null : new ArmLpaeFixture(memory, table);
    }

    /// <inheritdoc/>
    public override WalkResult Walk(ulong iova)
    {
        var reader = new MemoryTableReader(_memory);
        WalkResult result;
        switch (_table.Layout.Config.Format)
        {
            case ArmLpaeFormat.Mali:
                ArmLpaeWalker.Walk<ArmLpaeMali, MemoryTableReader>(ref reader, _regime, iova, out result);
                break;
            case ArmLpaeFormat.Arm64Stage1 or ArmLpaeFormat.Arm32Stage1:
                ArmLpaeWalker.Walk<ArmLpaeStage1, MemoryTableReader>(ref reader, _regime, iova, out result);
                break;
            default:
                ArmLpaeWalker.Walk<ArmLpaeStage2, MemoryTableReader>(ref reader, _regime, iova, out result);
                break;
        }

        return result;
    }

    /// <inheritdoc/>
    public override PagePermissions Permitted(Protection protection)
    {
        var permitted = (protection & Protection.NoExecute) == 0 ? PagePermissions.Execute : PagePermissions.None;
        if ((protection & Protection.Write) != 0)
            permitted |= PagePermissions.Write;
        if (_table.Layout.IsStage1)
        {
            // Stage 1 cannot say write-only.
            permitted |= PagePermissions.Read;
            if ((protection & Protection.Privileged) != 0)
                permitted |= PagePermissions.PrivilegedOnly;
        }
        else if ((protection & Protection.Read) != 0)
        {
            permitted |= PagePermissions.Read;
        }

        return permitted;
    }

    /// <inheritdoc/>
    public override void CheckConfiguration(JsonElement config, VectorRun run)
    {
        run.Check("ias", config.Word("ias"), (ulong)_table.InputBits);
        run.Check("oas", config.Word("oas"), (ulong)_table.Layout.Config.OutputBits);
        run.Check("pgsize_bitmap", config.Word("pgsize_bitmap"), _table.PageSizeBitmap);
        run.Check("start_level", config.Word("start_level"), (ulong)_table.Layout.StartLevel);
        run.Check("levels", config.Word("levels"), (ulong)(ArmLpaeLayout.MaxLevels - _table.Layout.StartLevel));
        run.Check("bits_per_level", config.Word("bits_per_level"), (ulong)(_table.Layout.GranuleShift - 3));
        run.Check("pgd_bits", config.Word("pgd_bits"), (ulong)_table.Layout.RootIndexBits);
        var controls = _table.Layout.Controls;
        if (config.TryGetProperty("tcr", out var tcr))
        {
            run.Check("ttbr", config.Word("ttbr"), _table.Root);
            run.Check("mair", config.Word("mair"), ArmLpaeLayout.MemoryAttributes);
            run.Check("ips", tcr.Word("ips"), controls.OutputSize);
            CheckControls(tcr, controls, run);
        }
        else if (config.TryGetProperty("vtcr", out var vtcr))
        {
            run.Check("vttbr", config.Word("vttbr"), _table.Root);
            run.Check("ps", vtcr.Word("ps"), controls.OutputSize);
            run.Check("sl", vtcr.Word("sl"), controls.StartLevel);
            CheckControls(vtcr, controls, run);
        }
        else
        {
            run.Check("transtab", config.Word("transtab"), _table.MaliTranslationTable);
            run.Check("memattr", config.Word("memattr"), ArmLpaeLayout.MaliMemoryAttributes);
        }
    }

    /// <inheritdoc/>
    public override Errno ReadDirty(ulong iova, ulong size, bool clear, ICollection<(ulong Iova, ulong Size)> dirty) =>
        _table.ReadDirty(iova, size, clear, dirty);

    private static void CheckControls(JsonElement expected, ArmLpaeControls controls, VectorRun run)
    {
        run.Check("tg", expected.Word("tg"), controls.Granule);
        run.Check("sh", expected.Word("sh"), controls.Shareability);
        run.Check("orgn", expected.Word("orgn"), controls.OuterCacheability);
        run.Check("irgn", expected.Word("irgn"), controls.InnerCacheability);
        run.Check("tsz", expected.Word("tsz"), controls.InputSize);
    }

    // What the silicon makes of the register values, from nothing but them.
    private static ArmLpaeRegime DecodeRegime(ArmLpaePageTable table)
    {
        if (table.Layout.Config.Format == ArmLpaeFormat.Mali)
            return new ArmLpaeRegime(table.MaliTranslationTable & ~0xfffUL, 12, 0, 48, 48);
        var controls = table.Layout.Controls;
        var inputBits = 64 - controls.InputSize;
        var outputBits = OutputSizes[controls.OutputSize];
        var upper = (table.Layout.Config.Quirks & ArmLpaeQuirks.UpperHalf) != 0;
        var granule = (controls.Granule, upper) switch { (0, false) or (2, true) => 12, (2, false) or (1, true) => 14, _ => 16 };
        var options = upper ? ArmLpaeWalkOptions.UpperHalf : ArmLpaeWalkOptions.None;
        if ((table.Layout.Config.Quirks & ArmLpaeQuirks.HardwareDirty) != 0)
            options |= ArmLpaeWalkOptions.HardwareDirty;
        var startLevel = table.Layout.IsStage2
            ? ArmLpaeRegime.Stage2StartLevel(granule, controls.StartLevel)
            : ArmLpaeRegime.Stage1StartLevel(granule, inputBits);
        return new ArmLpaeRegime(table.Root, granule, startLevel, inputBits, outputBits, options);
    }

    private static (ArmLpaeQuirks Quirks, bool Known) ReadQuirks(JsonElement config)
    {
        var (quirks, known) = (ArmLpaeQuirks.None, true);
        foreach (var quirk in config.Items("quirks"))
        {
            switch (quirk.GetString())
            {
                case "ARM_NS":
                    quirks |= ArmLpaeQuirks.NonSecure;
                    break;
                case "ARM_TTBR1":
                    quirks |= ArmLpaeQuirks.UpperHalf;
                    break;
                case "ARM_OUTER_WBWA":
                    quirks |= ArmLpaeQuirks.OuterWriteBack;
                    break;
                case "ARM_HD":
                    quirks |= ArmLpaeQuirks.HardwareDirty;
                    break;
                default:
                    // A quirk of another format: refused by this one.
                    known = false;
                    break;
            }
        }

        return (quirks, known);
    }
}
