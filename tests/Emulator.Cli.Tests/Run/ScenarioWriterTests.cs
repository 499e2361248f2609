using Emulator.Cli.Run;

namespace Emulator.Cli.Tests.Run;

/// <summary>A scenario that was written is the one that is read.</summary>
public class ScenarioWriterTests
{
    [Theory]
    [InlineData(VirtualRun.Scenario)]
    [InlineData(
        """
        name: "\"odd\": # name"
        seed: 77
        defaults: { time: virtual, timing: { iommu: { walk: 123.5 }, device: { measuredInterval: 12.25, maxPayload: 512 } }, iotlb: { limit: none } }
        hosts:
          - { name: a, iommu: intel, variant: scalable-sl, kernel: 6.12, workload: { kind: nvme, dma: lazy, runtime: 1.5ms, readShare: 0.3, queues: 2, blockSize: 8KiB } }
          - { name: b, iommu: amd, workload: { kind: gpu-copy, direction: from-device, buffers: per-copy, cpuPerCopy: 1us } }
          - { name: c, iommu: amd, workload: { kind: ring, buffers: page-pool, wireGbps: 2.5, requestSize: 512 } }
          - { name: d, iommu: apple-dart, workload: { kind: collective, algorithm: all-to-all, linkBytesPerNs: 12.5 } }
          - { name: e, iommu: arm-smmu-v3, time: none, strategy: detach, pacing: step-by-step, iotlb: { limit: nothing-kept }, devicesPerGroup: 2, reassignments: 3 }
          - { name: f, iommu: intel, tenants: 5, bufferSize: 64KiB, toleratedExposure: 5ms, workload: { kind: sequential, dmas: 12, batchSize: 7, credits: 3 } }
        """)]
    public void Writing_what_was_read_and_reading_it_again_changes_nothing(string yaml)
    {
        var scenario = Read(yaml);
        var written = ScenarioWriter.Write(scenario);
        var again = Read(written);
        Assert.Equal(written, ScenarioWriter.Write(again));
        Assert.Equal(scenario.Name, again.Name);
        foreach (var (was, host) in scenario.Hosts.Zip(again.Hosts))
        {
            Assert.Equal(Told(was), Told(host));
        }
    }

    // All that a file tells, apart from the variant: the first one may also go without saying.
    private static object Told(ScenarioHost host)
    {
        var told = host.Specification;
        return (
            (told.Name, told.Room, told.Kernel, told.Strategy, told.Pacing, told.Iotlb),
            (told.Devices, told.GroupSize, told.Tenants, told.Start, host.Reassignments),
            (told.BufferSize, told.ToleratedExposure, told.Timing, told.Workload));
    }

    private static Scenario Read(string yaml)
    {
        using var reader = new StringReader(yaml);
        return ScenarioReader.Read("test.yaml", reader);
    }
}
