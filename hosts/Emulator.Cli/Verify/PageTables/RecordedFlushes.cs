using System.Text.Json;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Verify.PageTables;

/// <summary>The invalidations that the kernel's page-table code asked for, operation by operation (a vector's <c>flushes</c>).</summary>
public sealed class RecordedFlushes
{
    private readonly ILookup<int, string> _byOperation;

    /// <summary>Reads them.</summary>
    public RecordedFlushes(JsonElement vector) =>
        _byOperation = vector.Items("flushes").SelectMany(Expand).ToLookup(flush => flush.Operation, flush => flush.Text);

    /// <summary>Compares the requests of one operation with its record, page by page.</summary>
    public void Check(int operation, InvalidationGather gather, VectorRun run)
    {
        var expected = string.Join(", ", _byOperation[operation]);
        run.Check("invalidations:", expected, string.Join(", ", gather.Requests.SelectMany(Expand)));
    }

    private static IEnumerable<(int Operation, string Text)> Expand(JsonElement flush)
    {
        var operation = flush[0].GetInt32();
        switch (flush[1].GetString())
        {
            case "all":
                yield return (operation, "all");
                break;
            case "walk":
                yield return (operation, Walk(flush[2].Word(), flush[3].Word(), flush[4].Word()));
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

    private static string Walk(ulong iova, ulong size, ulong granule) => $"walk 0x{iova:x}+0x{size:x}/0x{granule:x}";

    private static string Page(ulong iova, ulong granule) => $"page 0x{iova:x}/0x{granule:x}";
}
