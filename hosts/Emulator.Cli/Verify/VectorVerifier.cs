using System.IO.Compression;
using System.Text.Json;
using Emulator.Cli.Verify.Drivers;
using Emulator.Cli.Verify.PageTables;
using Emulator.Cli.Verify.Qemu;

namespace Emulator.Cli.Verify;

/// <summary>Runs vector files (.jsonl, .jsonl.gz): one vector a line, its kind told by its content.</summary>
public static class VectorVerifier
{
    private static readonly IVectorKind[] Kinds = [new PageTableVectors(), new DriverVectors(), new QemuVectors()];

    /// <summary>Runs every vector of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Options.</param>
    /// <param name="progress">Called after each vector with the number done so far.</param>
    /// <exception cref="InvalidDataException">A line is not a vector of a known kind; the message names file and line.</exception>
    public static FileResult Verify(string path, VerifyOptions options, Action<int>? progress = null)
    {
        var (vectors, passed, failed, skipped) = (0, 0, 0, 0);
        var failures = new List<VectorFailure>();
        var reasons = new SortedSet<string>(StringComparer.Ordinal);
        var kinds = new SortedSet<string>(StringComparer.Ordinal);
        var line = 0;
        foreach (var text in ReadLines(path))
        {
            line++;
            if (string.IsNullOrWhiteSpace(text))
                continue;
            using var document = Parse(path, line, text);
            var vector = document.RootElement;
            var kind = Array.Find(Kinds, k => vector.ValueKind == JsonValueKind.Object && k.Recognises(vector))
                ?? throw new InvalidDataException($"{path}:{line}: neither a page-table, nor a driver, nor a QEMU vector");
            kinds.Add(kind.Name);
            VectorRun? run = null;
            try
            {
                run = new VectorRun(path, kind.Identify(vector), options);
                kind.Run(vector, run);
            }
            catch (Exception e) when (e is KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
            {
                var place = run == null ? "" : run.Step is { } step ? $"vector {run.Id}, step {step}: " : $"vector {run.Id}: ";
                throw new InvalidDataException($"{path}:{line}: {place}{(e is KeyNotFoundException ? "a field is missing" : e.Message)}", e);
            }

            vectors++;
            if (run.SkippedBecause is { } reason)
            {
                skipped++;
                reasons.Add(reason);
            }
            else if (run.FailureCount > 0)
            {
                failed++;
                failures.AddRange(run.Failures);
            }
            else
            {
                passed++;
            }

            progress?.Invoke(vectors);
        }

        if (vectors == 0)
            throw new InvalidDataException($"{path}: holds no vector");
        return new FileResult(path, kinds.Count == 1 ? kinds.Min! : "mixed", vectors, passed, failed, skipped, failures, [.. reasons]);
    }

    private static IEnumerable<string> ReadLines(string path)
    {
        using var file = File.OpenRead(path);
        using var stream = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? (Stream)new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } text)
            yield return text;
    }

    private static JsonDocument Parse(string path, int line, string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}:{line}: not JSON: {e.Message}", e);
        }
    }
}
