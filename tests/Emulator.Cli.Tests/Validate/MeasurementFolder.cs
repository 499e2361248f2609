using System.IO.Compression;

namespace Emulator.Cli.Tests.Validate;

/// <summary>A folder with a throughput.csv that goes away with the test.</summary>
internal sealed class MeasurementFolder : IDisposable
{
    public const string Header = "system,iommu,direction,cache,window_bytes,transfer_bytes,transactions_per_second\n";

    public MeasurementFolder(string content)
    {
        Path = Directory.CreateTempSubdirectory("emulator-").FullName;
        File.WriteAllText(Csv, content);
    }

    public string Path { get; }

    public string Csv => System.IO.Path.Combine(Path, "throughput.csv");

    /// <summary>What pcie-bench measured on the two systems that the parameters were fitted on.</summary>
    public static string Recorded()
    {
        using var packed = File.OpenRead(Repository.Path("tests", "data", "pcie-bench", "throughput.csv.gz"));
        using var reader = new StreamReader(new GZipStream(packed, CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
