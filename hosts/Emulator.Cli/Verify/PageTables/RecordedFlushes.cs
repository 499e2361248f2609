using System.Text.Json;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>The invalidations that the kernel's page-table code asked for, operation by operation (a vector's <c>flushes</c>).</summary>
public sealed class RecordedFlushes
{
    private const string NewRoot = "root";

    private readonly ILookup<int, string> _byOperation;
    private readonly bool _throughDriver;

    /// <summary>Reads them.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="throughDriver">See <see cref="PageTableFixture.FlushesThroughDriver"/>.</param>
    public RecordedFlushes(JsonElement vector, bool throughDriver)
    {
        _byOperation = vector.Items("flushes").SelectMany(Expand).ToLookup(flush => flush.Operation, flush => flush.Text);
        _throughDriver = throughDriver;
    }

    /// <summary>Compares the requests of one operation with its record, page by page.</summary>
    public void Check(int operation, InvalidationGather gather, VectorRun run)
    {
        var expected = string.Join(", ", _byOperation[operation]);
        run.Check("invalidations:", expected, string.Join(", ", _throughDriver ? gather.Requests.SelectMany(ExpandCall) : gather.Requests.SelectMany(Expand)));
    }

    private static IEnumerable<(int Operation, string Text)> Expand(JsonElement flush)
    {
        var operation = flush[0].GetInt32();
        switch (flush[1].GetString())
        {
            case "all" or "domain_all_pde" or "pasid_all":
                yield return (operation, "all");
                break;
            case "walk":
                yield return (operation, Walk(flush[2].Word(), flush[3].Word(), flush[4].Word()));
                break;
            case "domain_pages" or "pasid_page":
                yield return (operation, Range(flush[2].Word(), flush[3].Word()));
                break;
            case "device_table":
                yield return (operation, NewRoot);
                break;
            case "page":
                yield return (operation, Page(flush[2].Word(), flush[3].Word()));
                break;
            case "pages":
                for (var i = 0UL; i < flush[4].Word(); i++)
                    yield return (operation, Page(flush[2].Word() + (i * flush[3].Word()), flush[3].Word()));
                break;
        }
    }

    private static IEnumerable<string> Expand(Invalidation request)
    {
        if (request.Kind != InvalidationKind.Page)
        {
            yield return request.Kind == InvalidationKind.All ? "all" : Walk(request.Iova, request.Size, request.Granule);
            yield break;
        }

        for (var offset = 0UL; offset < request.Size; offset += request.Granule)
            yield return Page(request.Iova + offset, request.Granule);
    }

    // What is flushed after an unmap is not recorded: the driver syncs it. Nor is the granule of a range.
    private static IEnumerable<string> ExpandCall(Invalidation request) => request.Kind switch
    {
        InvalidationKind.Page => [],
        InvalidationKind.Walk => [Range(request.Iova, request.Size)],
        InvalidationKind.Root => [NewRoot],
        _ => ["all"],
    };

    private static string Range(ulong iova, ulong size) => $"range 0x{iova:x}+0x{size:x}";

    private static string Walk(ulong iova, ulong size, ulong granule) => $"walk 0x{iova:x}+0x{size:x}/0x{granule:x}";

    private static string Page(ulong iova, ulong granule) => $"page 0x{iova:x}/0x{granule:x}";
}
