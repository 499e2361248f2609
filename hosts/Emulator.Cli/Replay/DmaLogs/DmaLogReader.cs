using Emulator.Hardware.Dma;

namespace Emulator.Cli.Replay.DmaLogs;

/// <summary>
/// Reads the trace text of QEMU's IOMMU models (<c>-trace 'vtd_*'</c>, <c>'smmuv3_*'</c>, <c>'amdvi_*'</c>), plain or gzip: lines
/// <c>PID@SECONDS:EVENT TEXT</c>. Which model wrote it is told by the events' names.
/// </summary>
/// <remarks>Source of the texts: QEMU 7.2 hw/i386/trace-events, hw/arm/trace-events.</remarks>
public sealed class DmaLogReader : IDisposable
{
    private const ulong Page = 0xfff;
    private const ulong LargestPage = 1UL << 30;

    private readonly TextLines _lines;
    private readonly string? _iommu;

    /// <summary>Opens a log.</summary>
    /// <param name="path">The file.</param>
    /// <param name="iommu">The IOMMU that its events must be of, as the catalogue names it; null for any.</param>
    /// <exception cref="InvalidDataException">See <see cref="TextLines(string)"/>.</exception>
    public DmaLogReader(string path, string? iommu = null) => (_lines, _iommu) = (new TextLines(path), iommu);

    /// <summary>Number of the line that was read last.</summary>
    public int Line => _lines.Number;

    /// <summary>The IOMMU of the events read so far, as the catalogue names it; null before the first that tells.</summary>
    public string? Iommu { get; private set; }

    /// <summary>Whether an event read so far says that VT-d's root table is in scalable mode.</summary>
    public bool Scalable { get; private set; }

    /// <summary>Reads the next entry.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">A line is no QEMU trace line, lacks a value or is of another IOMMU; the message names file and line.</exception>
    public bool TryRead(out DmaLogEntry entry)
    {
        while (_lines.TryRead(out var line))
        {
            if (line.IsWhiteSpace())
                continue;
            entry = Parse(line);
            return true;
        }

        entry = default;
        return false;
    }

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private DmaLogEntry Parse(ReadOnlySpan<char> line)
    {
        var at = line.IndexOf('@');
        var colon = line.IndexOf(':');
        if (at < 0 || colon < at || !LogText.TryMicroseconds(line[(at + 1)..colon], out var time))
            throw _lines.Wrong("not a line of a QEMU trace with time stamps (PID@SECONDS:EVENT TEXT)");
        var rest = line[(colon + 1)..];
        var blank = rest.IndexOf(' ');
        var name = blank < 0 ? rest : rest[..blank];
        var text = blank < 0 ? default : rest[(blank + 1)..];
        var iommu = name.StartsWith("vtd_") ? "intel" : name.StartsWith("smmu") ? "arm-smmu-v3" : name.StartsWith("amdvi_") ? "amd" : null;
        if (iommu == null)
            return new DmaLogEntry { Time = time };
        var expected = _iommu ?? Iommu;
        if (expected != null && iommu != expected)
            throw _lines.Wrong($"an event of {iommu} ({name}), but the IOMMU is {expected}");
        Iommu = iommu;
        Scalable |= name is "vtd_reg_dmar_root" && Hex(text, "scalable ") != 0;
        var begun = new DmaLogEntry { Time = time };
        return iommu switch
        {
            "intel" => ParseVtd(begun, name, text),
            "amd" => ParseAmdVi(begun, name, text),
            _ => ParseSmmu(begun, name, text),
        };
    }

    private DmaLogEntry ParseVtd(DmaLogEntry begun, ReadOnlySpan<char> name, ReadOnlySpan<char> text) => name switch
    {
        "vtd_dmar_translate" => begun with
        {
            Kind = DmaLogEntryKind.Translated,
            Stream = Pci(text, "dev "),
            Iova = Hex(text, "iova "),
            Landed = Hex(text, "gpa "),
            OffsetMask = Hex(text, "mask "),
        },
        "vtd_dmar_fault" => begun with
        {
            Kind = DmaLogEntryKind.Refused,
            Stream = Stream(text, "sid "),
            Iova = Hex(text, "addr "),
            Access = Hex(text, "write ") != 0 ? DmaAccess.Write : DmaAccess.Read,
        },
        "vtd_inv_desc_iotlb_pages" => begun with
        {
            Kind = DmaLogEntryKind.InvalidateRange,
            Iova = Hex(text, "addr "),
            Size = 0x1000UL << (int)(Hex(text, "mask ") & 0x3f),
        },
        "vtd_inv_desc_iotlb_domain" => begun with { Kind = DmaLogEntryKind.InvalidateDomain, Target = Hex(text, "domain ") },
        "vtd_inv_desc_iotlb_global" => begun with { Kind = DmaLogEntryKind.InvalidateDomain, Target = DmaLogEntry.All },
        "vtd_inv_desc_cc_devices" => begun with { Kind = DmaLogEntryKind.InvalidateStream, Target = Hex(text, "sid ") },
        "vtd_inv_desc_cc_global" => begun with { Kind = DmaLogEntryKind.InvalidateStream, Target = DmaLogEntry.All },
        _ => begun,
    };

    private DmaLogEntry ParseSmmu(DmaLogEntry begun, ReadOnlySpan<char> name, ReadOnlySpan<char> text) => name switch
    {
        "smmuv3_translate_success" => begun with
        {
            Kind = DmaLogEntryKind.Translated,
            Stream = Stream(text, "sid="),
            Iova = Hex(text, "iova="),
            Landed = Hex(text, "translated="),
        },
        "smmuv3_translate_bypass" => begun with
        {
            Kind = DmaLogEntryKind.Bypassed,
            Stream = Stream(text, "sid="),
            Iova = Hex(text, "iova:"),
            Landed = Hex(text, "iova:"),
            Access = Hex(text, "is_write=") != 0 ? DmaAccess.Write : DmaAccess.Read,
        },
        "smmuv3_translate_abort" => begun with
        {
            Kind = DmaLogEntryKind.Refused,
            Stream = Stream(text, "sid="),
            Iova = Hex(text, "iova:"),
            Access = Hex(text, "is_write=") != 0 ? DmaAccess.Write : DmaAccess.Read,
        },
        "smmuv3_s1_range_inval" or "smmuv3_s2_range_inval" => begun with
        {
            Kind = DmaLogEntryKind.InvalidateRange,
            Iova = Hex(text, "addr="),
            Size = Hex(text, "num_pages=") << 12,
        },
        "smmuv3_cmdq_tlbi_nh_asid" => begun with
        {
            Kind = DmaLogEntryKind.InvalidateDomain,
            Target = LogText.TryDecimal(text, "asid=", out var asid) ? asid : throw Missing("asid="),
        },
        _ => begun,
    };

    // A refused request is logged as landing at 0: QEMU leaves the address of its answer there and clears the permissions. Otherwise the first
    // address of the page is logged and not its size: it can be as large as that address is aligned.
    private DmaLogEntry ParseAmdVi(DmaLogEntry begun, ReadOnlySpan<char> name, ReadOnlySpan<char> text) => name switch
    {
        "amdvi_translation_result" => begun with
        {
            Kind = Hex(text, "hpa ") == 0 && Hex(text, "gpa ") > Page ? DmaLogEntryKind.Refused : DmaLogEntryKind.Translated,
            Stream = Pci(text, "devid: "),
            Iova = Hex(text, "gpa "),
            Landed = Hex(text, "hpa "),
            OffsetMask = Math.Max(Page, (Hex(text, "hpa ") - 1) & ~Hex(text, "hpa ") & (LargestPage - 1)),
        },
        "amdvi_devtab_inval" => begun with { Kind = DmaLogEntryKind.InvalidateStream, Target = Pci(text, "devid: ").Value },
        _ => begun,
    };

    private StreamId Stream(ReadOnlySpan<char> text, string label) => new((uint)Hex(text, label));

    // BUS:SLOT.FUNCTION, all hexadecimal.
    private StreamId Pci(ReadOnlySpan<char> text, string label)
    {
        if (LogText.TryWord(text, label, out var word) && word.IndexOf(':') is > 0 and var colon && word.IndexOf('.') is > 0 and var point && point > colon
            && LogText.TryHex(word[..colon], out var bus) && LogText.TryHex(word[(colon + 1)..point], out var slot) && LogText.TryHex(word[(point + 1)..], out var function))
        {
            return StreamId.Pci((int)bus, (int)slot, (int)function);
        }

        throw Missing(label);
    }

    private ulong Hex(ReadOnlySpan<char> text, string label) => LogText.TryHex(text, label, out var value) ? value : throw Missing(label);

    private InvalidDataException Missing(string label) => _lines.Wrong($"the event has no usable '{label.Trim()}'");
}
