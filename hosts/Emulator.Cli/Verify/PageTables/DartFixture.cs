using System.Numerics;
using System.Text.Json;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;
using Emulator.Hardware.PageTables.Dart;
using Emulator.Hardware.Translation;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>DART tables: formats APPLE_DART and APPLE_DART2.</summary>
public sealed class DartFixture : PageTableFixture
{
    private readonly DartPageTable _table;
    private readonly DartWalker _walker;

    private DartFixture(DartPageTable table, DartWalker walker) => (_table, _walker) = (table, walker);

    /// <inheritdoc/>
    public override IPageTable Table => _table;

    /// <summary>Makes the fixture that <c>config</c> asks for; null where the format refuses.</summary>
    public static DartFixture? Make(JsonElement vector, PhysicalMemory memory, IFrameAllocator frames)
    {
        var config = vector.GetProperty("config");
        var format = vector.Text("format") == "APPLE_DART2" ? DartFormat.Dart2 : DartFormat.Dart1;
        var options = new DartPageTableOptions(
            (int)config.Word("ias_in"), (int)config.Word("oas_in"), config.Word("pgsize_bitmap_in"), config.Flag("coherent_walk"));
        return DartPageTable.Create(memory, frames, format, options) is { } table
            ? new DartFixture(table, new DartWalker(memory, format, BitOperations.Log2(options.PageSizeBitmap)))
            : null;
    }

    /// <inheritdoc/>
    public override WalkResult Walk(ulong iova)
    {
        var ttbr = (iova >> _walker.TableShift) & (ulong)(_table.Tables.Count - 1);
        _walker.Walk(_table.Tables[(int)ttbr], iova, out var result);
        return result;
    }

    /// <inheritdoc/>
    public override PagePermissions Permitted(Protection protection) =>
        ((protection & Protection.Read) != 0 ? PagePermissions.Read : 0) | ((protection & Protection.Write) != 0 ? PagePermissions.Write : 0);

    /// <inheritdoc/>
    public override void CheckConfiguration(JsonElement config, VectorRun run)
    {
        run.Check("ias", config.Word("ias"), (ulong)_table.InputBits);
        run.Check("pgsize_bitmap", config.Word("pgsize_bitmap"), _table.PageSizeBitmap);
        run.Check("n_ttbrs", config.Word("n_ttbrs"), (ulong)_table.Tables.Count);
        run.Check("ttbrs", string.Join(' ', config.Items("ttbrs").Select(ttbr => $"0x{ttbr.Word():x}")), string.Join(' ', _table.Tables.Select(table => $"0x{table:x}")));
    }
}
