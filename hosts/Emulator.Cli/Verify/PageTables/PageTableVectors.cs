using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.Memory;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>
/// Vectors of the kernel's page-table code: the operations are repeated on our tables, the memory is compared after each, and the probes go
/// through the silicon's walker.
/// </summary>
public sealed class PageTableVectors : IVectorKind
{
    // The recorder kept the first ranges of a call only; the memory shows what became of the others.
    private const int RecordedDirtyRanges = 512;

    /// <summary>Makes a fixture from <c>config</c>; null when the format refuses the configuration.</summary>
    private delegate PageTableFixture? Maker(JsonElement vector, KernelVersion kernel, PhysicalMemory memory, IFrameAllocator frames);

    private static readonly Dictionary<string, Maker> Makers = new(StringComparer.Ordinal)
    {
        ["APPLE_DART"] = (vector, _, memory, frames) => DartFixture.Make(vector, memory, frames),
        ["APPLE_DART2"] = (vector, _, memory, frames) => DartFixture.Make(vector, memory, frames),
        ["VTD_SL"] = VtdFixture.Make,
        ["VTD_FL"] = VtdFixture.Make,
        ["ARM_64_LPAE_S1"] = ArmLpaeFixture.Create,
        ["ARM_64_LPAE_S2"] = ArmLpaeFixture.Create,
        ["ARM_32_LPAE_S1"] = ArmLpaeFixture.Create,
        ["ARM_32_LPAE_S2"] = ArmLpaeFixture.Create,
        ["ARM_MALI_LPAE"] = ArmLpaeFixture.Create,
        ["ARM_V7S"] = ArmShortFixture.Create,
        ["AMD_IOMMU_V1"] = AmdFixture.MakeV1,
        ["AMD_IOMMU_V2"] = AmdFixture.MakeV2,
    };

    /// <inheritdoc/>
    public string Name => "pagetable";

    /// <inheritdoc/>
    public bool Recognises(JsonElement vector) => vector.TryGetProperty("format", out _) && vector.TryGetProperty("ops", out _);

    /// <inheritdoc/>
    public string Identify(JsonElement vector) => $"{vector.Text("id")} ({vector.Text("kernel")})";

    /// <inheritdoc/>
    public void Run(JsonElement vector, VectorRun run)
    {
        var format = vector.Text("format");
        if (!Makers.TryGetValue(format, out var make))
        {
            run.Skip($"page-table format {format} is not modelled");
            return;
        }

        using var memory = new PhysicalMemory();
        var first = vector.Items("tables").Select(table => table[0].Word()).FirstOrDefault();
        var frames = new VectorFrames(memory, first);
        var config = vector.GetProperty("config");
        var kernel = vector.Text("kernel") == "6.1" ? KernelVersion.Linux61 : KernelVersion.Linux612;
        var fixture = make(vector, kernel, memory, frames);
        if (!run.Check("alloc", config.Text("alloc"), fixture == null ? "refused" : "ok") || fixture == null)
            return;
        fixture.CheckConfiguration(config, run);
        var wide = vector.Word("width") == 64;
        var flushes = fixture.ComparesFlushes ? new RecordedFlushes(vector, fixture.FlushesThroughDriver) : null;
        foreach (var (operation, index) in vector.Items("ops").Select((operation, index) => (operation, index)))
        {
            run.Step = index;
            var gather = Perform(operation, fixture, run);
            flushes?.Check(index, gather, run);
            if (operation.OptionalText("crc") is { } crc)
                run.Check("crc", uint.Parse(crc, NumberStyles.HexNumber, CultureInfo.InvariantCulture), Checksum(memory, frames, wide));
        }

        run.Step = null;
        CheckMemory(vector, memory, frames, wide, run);
        foreach (var probe in vector.Items("probes"))
            Probe(probe, fixture, run);
        if (vector.TryGetProperty("end", out var end))
            fixture.CheckEnd(end, run);
        fixture.Table.Free();
        run.Check("tables leaked", vector.GetProperty("free").OptionalWord("leaked") ?? 0, (ulong)frames.Live.Count);
    }

    private static InvalidationGather Perform(JsonElement operation, PageTableFixture fixture, VectorRun run)
    {
        var iova = operation.Word("iova");
        var gather = new InvalidationGather { Queued = operation.OptionalText("gather") is var kind && (kind == "queued" || (kind == "none" && fixture.QueuesWithoutGather)) };
        var table = fixture.Table;
        switch (operation.Text("op"))
        {
            case "map":
                CheckMap(operation, run, checkMapped: true, () => table.Map(
                    iova, operation.Word("pa"), operation.Word("pgsize"), operation.Word("pgcount"), ReadProtection(operation), gather));
                break;
            case "iommu_map":
                CheckMap(operation, run, checkMapped: false, () => DomainPaging.Map(
                    table, iova, operation.Word("pa"), operation.Word("size"), ReadProtection(operation), gather));
                break;
            case "unmap":
                CheckUnmap(operation, run, () => table.Unmap(iova, operation.Word("pgsize"), operation.Word("pgcount"), gather));
                break;
            case "iommu_unmap":
                CheckUnmap(operation, run, () => DomainPaging.Unmap(table, iova, operation.Word("size"), gather));
                break;
            case "iova_to_phys":
                run.Check($"software lookup of 0x{iova:x}", OrNone(operation.OptionalWord("pa")), OrNone(table.Lookup(iova)));
                break;
            case "dirty":
                CheckDirty(operation, fixture, run);
                break;
            default:
                throw new FormatException($"unknown operation {operation.Text("op")}");
        }

        foreach (var (address, bytes) in gather.FreedTables)
            fixture.Table.Release(address, bytes);
        return gather;
    }

    private static void CheckDirty(JsonElement operation, PageTableFixture fixture, VectorRun run)
    {
        var dirty = new List<(ulong Iova, ulong Size)>();
        var errno = fixture.ReadDirty(operation.Word("iova"), operation.Word("size"), !operation.Flag("noclear"), dirty);
        run.Check("errno", -operation.GetProperty("ret").GetInt64(), (long)errno);
        var expected = string.Join(' ', operation.Items("dirty").Select(range => $"0x{range[0].Word():x}+0x{range[1].Word():x}"));
        run.Check("dirty ranges", expected, string.Join(' ', dirty.Take(RecordedDirtyRanges).Select(range => $"0x{range.Iova:x}+0x{range.Size:x}")));
    }

    private static void CheckMap(JsonElement operation, VectorRun run, bool checkMapped, Func<MapResult> map)
    {
        var expected = operation.GetProperty("ret");
        try
        {
            var result = map();
            if (expected.ValueKind == JsonValueKind.String)
            {
                run.Fail("BUG", $"{result.Errno}");
                return;
            }

            run.Check("errno", -expected.GetInt64(), (long)result.Errno);
            if (checkMapped)
                run.Check("mapped", operation.Word("mapped"), result.Mapped);
        }
        catch (KernelBugException) when (expected.ValueKind == JsonValueKind.String)
        {
        }
    }

    private static void CheckUnmap(JsonElement operation, VectorRun run, Func<ulong> unmap)
    {
        var bug = operation.OptionalText("ret") == "BUG";
        try
        {
            var unmapped = unmap();
            if (bug)
                run.Fail("BUG", $"unmapped 0x{unmapped:x}");
            else
                run.Check("unmapped", operation.Word("unmapped"), unmapped);
        }
        catch (KernelBugException) when (bug)
        {
        }
    }

    private static void Probe(JsonElement probe, PageTableFixture fixture, VectorRun run)
    {
        var iova = probe.Word("iova");
        var expected = probe.OptionalWord("pa");
        run.Check($"software lookup of 0x{iova:x}", expected, OrNone(fixture.Table.Lookup(iova)));
        if (probe.TryGetProperty("hw", out var hardware))
            expected = hardware.ValueKind == JsonValueKind.Null ? null : hardware.Word();
        var walk = fixture.Walk(iova);
        run.Check($"walk of 0x{iova:x}", expected, walk.Status == WalkStatus.Ok ? OrNone(walk.Translate(iova)) : null);
        if (walk.Status == WalkStatus.Ok && probe.TryGetProperty("prot", out _))
            run.Check($"permissions of 0x{iova:x}", fixture.Permitted(ReadProtection(probe)), walk.Permissions);
    }

    // The kernel's iova_to_phys answers 0 for none, so the record cannot tell a page at address 0 from none.
    private static ulong? OrNone(ulong? address) => address == 0 ? null : address;

    private static Protection ReadProtection(JsonElement element)
    {
        var protection = Protection.None;
        foreach (var word in element.Items("prot"))
        {
            protection |= word.GetString() switch
            {
                "read" => Protection.Read,
                "write" => Protection.Write,
                "cache" => Protection.Cache,
                "noexec" => Protection.NoExecute,
                "mmio" => Protection.Mmio,
                "priv" => Protection.Privileged,
                var other => throw new FormatException($"unknown protection {other}"),
            };
        }

        return protection;
    }

    private static uint Checksum(PhysicalMemory memory, VectorFrames frames, bool wide)
    {
        var crc = new Crc32();
        Span<byte> pair = stackalloc byte[16];
        foreach (var (address, value) in LiveWords(memory, frames, wide))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(pair, address);
            BinaryPrimitives.WriteUInt64LittleEndian(pair[8..], value);
            crc.Append(pair);
        }

        return crc.GetCurrentHashAsUInt32();
    }

    private static void CheckMemory(JsonElement vector, PhysicalMemory memory, VectorFrames frames, bool wide, VectorRun run)
    {
        var expected = new Dictionary<ulong, ulong>();
        var mask = wide ? ulong.MaxValue : uint.MaxValue;
        foreach (var item in vector.Items("memory"))
        {
            var count = item.GetArrayLength() > 2 ? item[2].Word() : 1;
            var step = item.GetArrayLength() > 3 ? item[3].Word() : 0;
            for (var i = 0UL; i < count; i++)
                expected[item[0].Word() + (i * (wide ? 8UL : 4UL))] = (item[1].Word() + (i * step)) & mask;
        }

        foreach (var (address, value) in LiveWords(memory, frames, wide))
        {
            if (!expected.Remove(address, out var word))
                run.Fail($"[0x{address:x}] 0x0", $"[0x{address:x}] 0x{value:x}");
            else
                run.Check($"[0x{address:x}]", word, value);
        }

        foreach (var (address, word) in expected)
            run.Fail($"[0x{address:x}] 0x{word:x}", $"[0x{address:x}] 0x0");
    }

    private static IEnumerable<(ulong Address, ulong Value)> LiveWords(PhysicalMemory memory, VectorFrames frames, bool wide)
    {
        foreach (var (start, bytes) in frames.Live)
        {
            for (var address = start; address < start + bytes; address += wide ? 8UL : 4UL)
            {
                var value = wide ? memory.Read64(address) : memory.Read32(address);
                if (value != 0)
                    yield return (address, value);
            }
        }
    }
}
