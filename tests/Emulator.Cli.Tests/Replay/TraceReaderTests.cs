using Emulator.Cli.Replay.Traces;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Tests.Replay;

public sealed class TraceReaderTests
{
    [Theory]
    [MemberData(nameof(TraceData.Runs), MemberType = typeof(TraceData))]
    public void Every_event_of_a_recorded_trace_is_counted_as_the_independent_check_counts_it(string run)
    {
        using var reader = new TraceReader(TraceData.Trace(run));
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        while (reader.TryRead(out var read))
            counts[read.Name] = counts.GetValueOrDefault(read.Name) + 1;

        var expected = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var count in TraceData.Check(run).GetProperty("guest_events").EnumerateObject())
            expected[count.Name] = count.Value.GetInt64();
        Assert.Equal(expected, counts);
        Assert.Equal(0, reader.LostNotices);
    }

    [Fact]
    public void A_tracepoint_and_a_kprobe_of_one_name_are_told_apart_by_their_text()
    {
        var mapped = Read("  fio-154     [000] d..1.    31.372013: map: IOMMU: iova=0x00000000ff7f0000 - 0x00000000ff7f2000 paddr=0x00000000029f0000 size=8192");
        Assert.Equal((TraceEventKind.Mapped, "iommu.map", 0xff7f0000UL, 0x29f0000UL, 8192UL), (mapped.Kind, mapped.Name, mapped.Iova, mapped.Physical, mapped.Size));
        Assert.Equal((154, 0, 31_372_013L), (mapped.Pid, mapped.Cpu, mapped.Time));

        var mapping = Read("  fio-154     [000] d..1.    31.371976: map: (intel_iommu_map_pages+0x0/0xe0) dom=0xff11000006e02e90 iova=0xff7f0000 pa=0x29f0000 pgsz=0x1000 n=0x2 prot=0x5");
        Assert.Equal((TraceEventKind.Mapping, "kp.map", 0xff11000006e02e90UL, 0x2000UL), (mapping.Kind, mapping.Name, mapping.Domain, mapping.Size));
        Assert.Equal(Protection.Read | Protection.Cache, mapping.Protection);
    }

    [Fact]
    public void An_unmap_tells_what_it_was_asked_and_what_it_removed()
    {
        var unmapped = Read(" <idle>-0  [001] d.h2. 31.371905: unmap: IOMMU: iova=0x00000000ff800000 - 0x00000000ff80a000 size=40960 unmapped_size=36864");
        Assert.Equal((TraceEventKind.Unmapped, 40960UL, 36864UL), (unmapped.Kind, unmapped.Size, unmapped.Unmapped));
    }

    [Theory]
    [InlineData("modprobe-96 [000] 5.075629: attach_device_to_domain: IOMMU: device=0000:00:05.0", 96)]
    [InlineData("modprobe-96 (     96) [000] ..... 5.075629: attach_device_to_domain: IOMMU: device=0000:00:05.0", 96)]
    [InlineData("kworker/u4:1-28 [000] .....  5.075629: attach_device_to_domain: IOMMU: device=0000:00:05.0", 28)]
    [InlineData("odd [x] name-7 [000] d..1. 5.075629: iommu:attach_device_to_domain: IOMMU: device=0000:00:05.0", 7)]
    public void Flags_and_thread_group_may_be_absent(string line, int pid)
    {
        var read = Read(line);
        Assert.Equal((TraceEventKind.Attached, "0000:00:05.0", pid, 5_075_629L), (read.Kind, read.Device, read.Pid, read.Time));
    }

    [Fact]
    public void A_domain_comes_with_its_type_and_address()
    {
        var allocating = Read("init-1 [001] ..... 2.626062: dalloc: (intel_iommu_domain_alloc+0x0/0x120) type=11");
        Assert.Equal((TraceEventKind.DomainAllocating, DomainType.DmaFlushQueue), (allocating.Kind, allocating.DomainType));
        var allocated = Read("init-1 [001] ..... 2.626706: dalloc_r: (__iommu_domain_alloc+0x33/0xd0 <- intel_iommu_domain_alloc) dom=0xff11000006d72c50");
        Assert.Equal((TraceEventKind.DomainAllocated, 0xff11000006d72c50UL), (allocated.Kind, allocated.Domain));
    }

    [Fact]
    public void An_event_of_a_kprobes_name_that_is_none_is_only_counted() =>
        Assert.Equal(TraceEventKind.Other, Read("a-1 [000] ..... 1.000000: sync: something else").Kind);

    [Fact]
    public void The_idle_tasks_of_two_CPUs_are_two_flows() =>
        Assert.NotEqual(Read("<idle>-0 [000] d.h.. 1.000000: x: y").Flow, Read("<idle>-0 [001] d.h.. 1.000000: x: y").Flow);

    [Theory]
    [InlineData("this is no trace", "not an ftrace line")]
    [InlineData("a-1 [000] ..... xyz: map: IOMMU: iova=0x0", "not an ftrace line")]
    [InlineData("a-1 [000] ..... 1.000000: map: IOMMU: paddr=0x0 size=1", "'iova='")]
    [InlineData("a-1 [000] ..... 1.000000: map: IOMMU: iova=0xzz paddr=0x0 size=1", "'iova='")]
    [InlineData("a-1 [000] ..... 1.000000: map: IOMMU: iova=0x1000 - 0x1000 paddr=0x0 size=0", "0x0 bytes")]
    [InlineData("a-1 [000] ..... 1.000000: map: IOMMU: iova=0xfffffffffffff000 - 0x0 paddr=0x0 size=8192", "no range")]
    [InlineData("a-1 [000] ..... 1.000000: unmap: IOMMU: iova=0x0 - 0x0 size=4611686018427387904 unmapped_size=0", "up to")]
    [InlineData("a-1 [000] ..... 1.000000: qi_submit: iotlb_inv dmar0:", "descriptor")]
    public void A_wrong_line_is_refused_with_file_line_and_reason(string line, string reason)
    {
        using var file = new TemporaryFile($"# tracer: nop\na-1 [000] ..... 1.000000: x: y\n{line}\n");
        using var reader = new TraceReader(file.Path);
        Assert.True(reader.TryRead(out _));
        var error = Assert.Throws<InvalidDataException>(() => reader.TryRead(out _));
        Assert.StartsWith($"{file.Path}:3: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_truncated_gzip_file_is_refused()
    {
        var whole = File.ReadAllBytes(TraceData.Trace("boot"));
        using var file = new TemporaryFile(whole[..(whole.Length / 2)]);
        using var reader = new TraceReader(file.Path);
        var error = Assert.Throws<InvalidDataException>(() =>
        {
            while (reader.TryRead(out _))
            {
            }
        });
        Assert.Contains("cut off", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_end_is_refused_before_it_fills_the_memory()
    {
        using var file = new TemporaryFile(new string('x', 300_000));
        using var reader = new TraceReader(file.Path);
        Assert.Contains("longer than", Assert.Throws<InvalidDataException>(() => reader.TryRead(out _)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Equal("/nowhere/x.trace: no such file", Assert.Throws<InvalidDataException>(() => new TraceReader("/nowhere/x.trace")).Message);

    private static TraceEvent Read(string line)
    {
        using var file = new TemporaryFile(line + "\n");
        using var reader = new TraceReader(file.Path);
        Assert.True(reader.TryRead(out var read));
        return read;
    }
}
