using Emulator.Cli.Replay.DmaLogs;
using Emulator.Hardware.Dma;

namespace Emulator.Cli.Tests.Replay;

public sealed class DmaLogReaderTests
{
    [Theory]
    [MemberData(nameof(TraceData.RunsWithTranslations), MemberType = typeof(TraceData))]
    public void Every_translation_of_a_recorded_log_is_read(string run)
    {
        var events = TraceData.Check(run).GetProperty("qemu_events");
        using var reader = new DmaLogReader(TraceData.DmaLog(run));
        var counts = new Dictionary<DmaLogEntryKind, long>();
        while (reader.TryRead(out var entry))
            counts[entry.Kind] = counts.GetValueOrDefault(entry.Kind) + 1;

        Assert.Equal(TraceData.Check(run).GetProperty("translations").GetProperty("total").GetInt64(), counts[DmaLogEntryKind.Translated]);
        Assert.Equal(Count("vtd_inv_desc_iotlb_pages") + Count("smmuv3_s1_range_inval"), counts.GetValueOrDefault(DmaLogEntryKind.InvalidateRange));
        Assert.Equal(Count("vtd_dmar_fault") + Count("smmuv3_translate_abort"), counts.GetValueOrDefault(DmaLogEntryKind.Refused));

        long Count(string name) => events.TryGetProperty(name, out var count) ? count.GetInt64() : 0;
    }

    [Fact]
    public void A_translation_of_VTd_tells_pages_only()
    {
        var entry = Read("1@1795404002.444634:vtd_dmar_translate dev 00:1f.02 iova 0xff93d000 -> gpa 0x32fa000 mask 0xfff");
        Assert.Equal((DmaLogEntryKind.Translated, StreamId.Pci(0, 0x1f, 2), 0xff93d000UL, 0x32fa000UL, 0xfffUL), (entry.Kind, entry.Stream, entry.Iova, entry.Landed, entry.OffsetMask));
        Assert.Equal(1795404002_444634L, entry.Time);
        Assert.Null(entry.Access);
    }

    [Fact]
    public void A_fault_of_VTd_tells_its_direction()
    {
        var entry = Read("1@1795405249.196028:vtd_dmar_fault sid 0x18 fault 6 addr 0x32ee000 write 1");
        Assert.Equal((DmaLogEntryKind.Refused, new StreamId(0x18), 0x32ee000UL, DmaAccess.Write), (entry.Kind, entry.Stream, entry.Iova, entry.Access));
    }

    [Fact]
    public void An_invalidation_of_VTd_covers_a_power_of_two_of_pages()
    {
        var entry = Read("1@1.5:vtd_inv_desc_iotlb_pages iotlb invalidate domain 0xb addr 0xff93c000 mask 0x2");
        Assert.Equal((DmaLogEntryKind.InvalidateRange, 0xff93c000UL, 0x4000UL), (entry.Kind, entry.Iova, entry.Size));
    }

    [Fact]
    public void Translations_of_the_SMMU_tell_every_bit()
    {
        var entry = Read("1@1.000001:smmuv3_translate_success smmuv3-iommu-memory-region-0-0 sid=0x100 iova=0xfffc36c0 translated=0x598e56c0 perm=0x3");
        Assert.Equal((new StreamId(0x100), 0xfffc36c0UL, 0x598e56c0UL, 0UL), (entry.Stream, entry.Iova, entry.Landed, entry.OffsetMask));
    }

    [Fact]
    public void A_request_that_AMD_logs_as_landing_at_zero_was_refused() =>
        Assert.Equal(DmaLogEntryKind.Refused, Read("1@1.0:amdvi_translation_result devid: 00:03.0 gpa 0x32fa800 hpa 0x0").Kind);

    [Theory]
    [InlineData("nonsense", "not a line of a QEMU trace")]
    [InlineData("vtd_dmar_translate dev 00:1f.02 iova 0x0 -> gpa 0x0 mask 0xfff", "time stamps")]
    [InlineData("1@1.0:vtd_dmar_translate dev 00:1f iova 0x0 -> gpa 0x0 mask 0xfff", "'dev'")]
    [InlineData("1@1.0:smmuv3_translate_success x sid=0x1 iova=0x0 translated=0x0", "an event of arm-smmu-v3")]
    public void A_wrong_line_is_refused_with_file_line_and_reason(string line, string reason)
    {
        using var file = new TemporaryFile($"1@0.5:vtd_context_cache_reset \n{line}\n");
        using var reader = new DmaLogReader(file.Path, "intel");
        Assert.True(reader.TryRead(out _));
        var error = Assert.Throws<InvalidDataException>(() => reader.TryRead(out _));
        Assert.StartsWith($"{file.Path}:2: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private static DmaLogEntry Read(string line)
    {
        using var file = new TemporaryFile(line + "\n");
        using var reader = new DmaLogReader(file.Path);
        Assert.True(reader.TryRead(out var entry));
        return entry;
    }
}
