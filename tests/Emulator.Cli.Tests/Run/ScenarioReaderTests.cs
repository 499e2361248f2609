using Emulator.Actors.Devices;
using Emulator.Actors.Ownership;
using Emulator.Actors.Programming;
using Emulator.Cli.Run;
using Emulator.Hardware.Drivers;

namespace Emulator.Cli.Tests.Run;

/// <summary>Scenario files: what they say, and what is refused with file, line, field and reason.</summary>
public class ScenarioReaderTests
{
    [Fact]
    public void The_built_in_quick_start_has_four_hosts_of_four_kinds_and_a_hundred_reassignments()
    {
        var scenario = ScenarioReader.ReadQuickStart();
        Assert.Equal(["apple-dart", "intel", "amd", "arm-smmu-v3"], scenario.Hosts.Select(host => host.Specification.Room.Name));
        Assert.All(scenario.Hosts, host => Assert.Equal(4, host.Specification.Devices));
        Assert.Equal(100, scenario.Hosts.Sum(host => host.Reassignments));
        Assert.InRange(scenario.Hosts.Sum(host => host.TotalDmas), 2_000_000, 64_000_000);
    }

    [Fact]
    public void A_host_says_otherwise_than_the_defaults()
    {
        var scenario = Read(
            """
            name: two
            defaults: { kernel: 6.12, devices: 2, reassignments: 3, workload: { dmas: 1_000, readShare: 0.25 } }
            hosts:
              - { name: a, iommu: intel, variant: scalable-sl }
              - { name: b, iommu: amd, kernel: 6.1, strategy: detach, pacing: step-by-step, devices: 3, bufferSize: 64KiB, workload: { pattern: sequential } }
            """);
        var (a, b) = (scenario.Hosts[0].Specification, scenario.Hosts[1].Specification);
        Assert.Equal(("two", 3, 3), (scenario.Name, scenario.Hosts[0].Reassignments, scenario.Hosts[1].Reassignments));
        Assert.Equal((KernelVersion.Linux612, 2, "scalable-sl", BlockingStrategy.Empty), (a.Kernel, a.Devices, a.Variant, a.Strategy));
        Assert.Equal((KernelVersion.Linux61, 3, BlockingStrategy.Detach, DriverPacing.StepByStep), (b.Kernel, b.Devices, b.Strategy, b.Pacing));
        Assert.Equal((1000L, 0.25, AccessPattern.Sequential, 65536UL), (b.Workload.TotalDmas, b.Workload.ReadShare, b.Workload.Pattern, b.BufferSize));
        Assert.NotEqual(a.Workload.Seed, b.Workload.Seed);
    }

    [Theory]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    colour: red", 4, "hosts[0].colour: unknown field")]
    [InlineData("speed: 3\nhosts:\n  - { name: a, iommu: intel }", 1, "speed: unknown field")]
    [InlineData("name: x", 1, "hosts: 0 hosts are outside 1 to 64")]
    [InlineData("hosts: 7", 1, "hosts: must be a list")]
    [InlineData("hosts:\n  - 7", 2, "hosts[0]: must be a list of 'field: value' lines")]
    [InlineData("hosts:\n  - iommu: intel", 2, "hosts[0].name: is missing")]
    [InlineData("hosts:\n  - name: a", 2, "hosts[0].iommu: is missing")]
    [InlineData("hosts:\n  - name: a\n    iommu: vax", 3, "hosts[0].iommu: no IOMMU 'vax' is modelled; there are apple-dart")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    variant: quantum", 4, "hosts[0].variant: intel has no variant 'quantum'")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    devices: 0", 4, "hosts[0].devices: 0 is outside 1 to 1024")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    devices: many", 4, "hosts[0].devices: 'many' is not a whole number")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    kernel: 5.4", 4, "hosts[0].kernel: '5.4' is not one of 6.1, 6.12")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    strategy: hope", 4, "hosts[0].strategy: 'hope' is not one of native, empty, detach")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    kernel: 6.1\n    strategy: native", 5, "hosts[0].strategy: native: Linux 6.1's driver of intel")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    bufferSize: 3MiB", 4, "hosts[0].bufferSize: 3145728 bytes are no power of two")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    bufferSize: lots", 4, "hosts[0].bufferSize: 'lots' is not a size")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    tenants: 1\n    reassignments: 2", 4, "hosts[0].tenants: 2 reassignments need at least 2 tenants")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    workload:\n      readShare: 1.5", 5, "hosts[0].workload.readShare: '1.5' is not a number from 0 to 1")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    workload:\n      length: 48", 5, "hosts[0].workload.length: 48 is not a power of two")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    workload: fast", 4, "hosts[0].workload: must be a list of 'field: value' lines")]
    [InlineData("hosts:\n  - name: a\n    iommu: intel\n    iotlb: { sets: 3 }", 4, "hosts[0].iotlb.sets: 3 is not a power of two")]
    [InlineData("hosts:\n  - name: a b\n    iommu: intel", 2, "host name 'a b'")]
    [InlineData("hosts:\n  - { name: a, iommu: intel }\n  - { name: a, iommu: amd }", 3, "hosts[1].name: 'a' names two hosts")]
    [InlineData("hosts:\n  - name: a\n    iommu: apple-dart\n    devices: 17", 4, "hosts[0].devices: stream 16 of dev16 is outside this DART's 16 streams")]
    [InlineData("hosts:\n  - name: a\n    iommu: apple-dart\n    variant: t8110\n    kernel: 6.1", 5, "hosts[0].kernel: Linux 6.1 has no driver for this variant")]
    [InlineData("7", 1, "the file must be a list of 'field: value' lines")]
    [InlineData("name: x\nname: y", 2, "not YAML")]
    [InlineData("name: x\nhosts: }", 2, "not YAML")]
    public void A_wrong_value_is_refused_with_file_line_and_field(string yaml, int line, string message)
    {
        var refused = Assert.Throws<BadInputException>(() => Read(yaml));
        Assert.StartsWith($"test.yaml:{line}: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
    }

    private static Scenario Read(string yaml)
    {
        using var reader = new StringReader(yaml);
        return ScenarioReader.Read("test.yaml", reader);
    }
}
