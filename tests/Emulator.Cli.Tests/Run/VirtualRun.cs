namespace Emulator.Cli.Tests.Run;

/// <summary>A scenario in virtual time with every kind of workload, run twice: for people once, and as a document, with a page each.</summary>
public sealed class VirtualRun : IAsyncLifetime
{
    internal const string Scenario =
        """
        name: every kind
        defaults: { time: virtual, devices: 2, iotlb: { sets: 8, ways: 4 } }
        hosts:
          - { name: strict, iommu: intel, workload: { kind: nvme, dma: strict, ios: 600 } }
          - { name: lazy, iommu: intel, workload: { kind: nvme, dma: lazy, ios: 600 } }
          - { name: pt, iommu: intel, workload: { kind: nvme, dma: passthrough, ios: 600 } }
          - { name: ring, iommu: arm-smmu-v3, timing: { iommu: { walkers: 2 } }, workload: { kind: ring, received: 300, sent: 300 } }
          - { name: gpu, iommu: amd, workload: { kind: gpu-copy, copies: 2, copySize: 64KiB } }
          - { name: ranks, iommu: apple-dart, workload: { kind: collective, dataSize: 64KiB, iterations: 2 } }
          - { name: random, iommu: intel, reassignments: 4, workload: { dmas: 5000 } }
        """;

    internal CommandLineResult First { get; private set; } = null!;

    internal CommandLineResult Second { get; private set; } = null!;

    internal CommandLineResult Printed { get; private set; } = null!;

    internal string Page { get; private set; } = "";

    internal string SecondPage { get; private set; } = "";

    public async Task InitializeAsync()
    {
        using var scenario = new TemporaryFile(".yaml", Scenario);
        using var page = new TemporaryFile(".html", "");
        First = await CommandLine.RunAsync("run", scenario.Path, "--json", "--report", page.Path);
        Page = await File.ReadAllTextAsync(page.Path);
        Second = await CommandLine.RunAsync("run", scenario.Path, "--json", "--report", page.Path);
        SecondPage = await File.ReadAllTextAsync(page.Path);
        Printed = await CommandLine.RunAsync("run", scenario.Path);
    }

    public Task DisposeAsync() => Task.CompletedTask;
}
