using System.Text.Json;

namespace Emulator.Cli.Tests.Replay;

/// <summary>The recorded traces under tests/data/traces.</summary>
public static class TraceData
{
    private static readonly string Folder = FindFolder();

    private static readonly string[] Translated =
    [
        "boot", "mixed-strict", "net-e1000e-strict", "nvme-randrw-lazy", "nvme-randrw-strict", "own-strict", "rebind-vfio", "nvme-arm64-strict", "own-arm64-strict",
        "rebind-arm64",
    ];

    /// <summary>The runs that have a DMA log of Intel's or Arm's IOMMU beside them.</summary>
    public static TheoryData<string> RunsWithTranslations => [.. Translated];

    /// <summary>All runs.</summary>
    public static TheoryData<string> Runs => [.. Translated, "own-amd-strict"];

    /// <summary>Path of a file.</summary>
    public static string Path(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Path of a run's trace.</summary>
    public static string Trace(string run) => Path($"{run}.trace.gz");

    /// <summary>Path of a run's DMA log.</summary>
    public static string DmaLog(string run) => Path($"{run}.{(run.Contains("arm64", StringComparison.Ordinal) ? "smmu" : run.Contains("amd", StringComparison.Ordinal) ? "amdvi" : "vtd")}.gz");

    /// <summary>What the independent checker found.</summary>
    public static JsonElement Check(string run)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path($"{run}.check.json")));
        return document.RootElement.Clone();
    }

    private static string FindFolder() => Repository.Path("tests", "data", "traces");
}
