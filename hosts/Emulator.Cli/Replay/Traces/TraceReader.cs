using System.Globalization;
using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Traces;

/// <summary>
/// Reads Linux ftrace text (<c>/sys/kernel/tracing/trace</c>, <c>trace_pipe</c>, <c>trace-cmd report</c>), plain or gzip: lines
/// <c>TASK-PID [CPU] FLAGS SECONDS: EVENT: TEXT</c>, the flags and a <c>(TGID)</c> optional; comments, stack traces and notices of lost events are passed over.
/// </summary>
public sealed class TraceReader : IDisposable
{
    /// <summary>The number of different events that one trace may have.</summary>
    public const int MaxEventNames = 4096;

    /// <summary>The largest range that one map or unmap may have, in bytes.</summary>
    public const ulong MaxRange = 1UL << 40;

    private readonly TextLines _lines;
    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);

    /// <summary>Opens a trace.</summary>
    /// <exception cref="InvalidDataException">See <see cref="TextLines(string)"/>.</exception>
    public TraceReader(string path) => _lines = new TextLines(path);

    /// <summary>Number of the line that was read last.</summary>
    public int Line => _lines.Number;

    /// <summary>Notices of lost events found so far.</summary>
    public int LostNotices { get; private set; }

    /// <summary>Reads the next event.</summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="InvalidDataException">A line is no ftrace line, or an IOMMU event lacks a value; the message names file and line.</exception>
    public bool TryRead(out TraceEvent read)
    {
        while (_lines.TryRead(out var line))
        {
            if (line.IsWhiteSpace() || line[0] == '#' || line.StartsWith(" => ") || line.StartsWith("cpus="))
                continue;
            if (line.StartsWith("CPU:") && line.Contains(" [LOST ", StringComparison.Ordinal))
            {
                LostNotices++;
                continue;
            }

            read = Parse(line);
            return true;
        }

        read = default;
        return false;
    }

    /// <summary>The error that the line read last is wrong.</summary>
    public InvalidDataException Wrong(string reason) => _lines.Wrong(reason);

    /// <inheritdoc/>
    public void Dispose() => _lines.Dispose();

    private TraceEvent Parse(ReadOnlySpan<char> line)
    {
        if (!TrySplit(line, out var pid, out var cpu, out var level, out var time, out var name, out var text))
            throw _lines.Wrong("not an ftrace line (TASK-PID [CPU] FLAGS SECONDS: EVENT: TEXT)");
        var known = Name(name, text);
        return known switch
        {
            "add_device_to_group" => Begin(TraceEventKind.AddDevice) with { Device = Device(text, "device="), Group = (int)Decimal(text, "groupID=") },
            "remove_device_from_group" => Begin(TraceEventKind.RemoveDevice) with { Device = Device(text, "device=") },
            "attach_device_to_domain" => Begin(TraceEventKind.Attached) with { Device = Device(text, "device=") },
            "detach_device_from_domain" => Begin(TraceEventKind.Detached) with { Device = Device(text, "device=") },
            "iommu.map" => Checked(Begin(TraceEventKind.Mapped) with { Iova = Hex(text, "iova="), Physical = Hex(text, "paddr="), Size = Decimal(text, "size=") }),
            "iommu.unmap" => Checked(Begin(TraceEventKind.Unmapped) with { Iova = Hex(text, "iova="), Size = Decimal(text, "size="), Unmapped = Decimal(text, "unmapped_size=") }),
            "qi_submit" => Descriptor(Begin(TraceEventKind.InvalidationQueued) with { Iommu = "intel" }, text),
            "tracing_mark_write" => Begin(TraceEventKind.Mark) with { Mark = text.ToString() },
            _ when text.StartsWith("(") => ParseKprobe(Begin(TraceEventKind.Other), text),
            _ => Begin(TraceEventKind.Other),
        };

        TraceEvent Begin(TraceEventKind kind) => new() { Kind = kind, Name = known, Time = time, Cpu = cpu, Pid = pid, Level = level };
    }

    // A kprobe's text begins with (FUNCTION+OFFSET/SIZE).
    private TraceEvent ParseKprobe(TraceEvent begun, ReadOnlySpan<char> text)
    {
        return begun.Name switch
        {
            "dalloc" => As(TraceEventKind.DomainAllocating) with { DomainType = (DomainType)Decimal(text, "type=") },
            "dalloc_r" => As(TraceEventKind.DomainAllocated) with { Domain = Hex(text, "dom=") },
            "dfree" => As(TraceEventKind.DomainFreed) with { Domain = Hex(text, "dom=") },
            "attach" => As(TraceEventKind.Attaching) with { Iommu = Iommu(text), Domain = Hex(text, "dom="), Device = Device(text, "dev=") },
            "kp.map" => As(TraceEventKind.Mapping) with
            {
                Domain = Hex(text, "dom="),
                Iova = Hex(text, "iova="),
                Physical = Hex(text, "pa="),
                Size = Hex(text, "pgsz=") * Hex(text, "n="),
                Protection = (Protection)(Hex(text, "prot=") & 0x3f),
            },
            "kp.unmap" => As(TraceEventKind.Unmapping) with { Domain = Hex(text, "dom="), Iova = Hex(text, "iova="), Size = Hex(text, "pgsz=") * Hex(text, "n=") },
            "sync" => As(TraceEventKind.Syncing) with { Domain = Hex(text, "dom=") },
            "flushall" => As(TraceEventKind.Flushing) with { Domain = Hex(text, "dom=") },
            "dma_map_page" or "dma_map_sg" or "dma_alloc" or "dma_unmap_page" or "dma_unmap_sg" or "dma_free" => As(TraceEventKind.DmaApi) with
            {
                Device = Device(text, "dev="),
                Iova = HexOrZero(text, "addr="),
                Offset = HexOrZero(text, "off="),
                Size = HexOrZero(text, "size="),
                Segments = LogText.TryDecimal(text, "nents=", out var segments) && segments <= int.MaxValue ? (int)segments : 0,
                Direction = LogText.TryDecimal(text, "dir=", out var direction) && direction <= 2 ? (DmaDirection)direction : DmaDirection.Bidirectional,
            },
            "fq_flush" => As(TraceEventKind.QueueFlushing),
            "cmdq" => As(TraceEventKind.CommandsIssued),
            _ => begun,
        };

        TraceEvent As(TraceEventKind kind) => begun with { Kind = kind };
    }

    private static string? Iommu(ReadOnlySpan<char> text) =>
        text.StartsWith("(intel_iommu") ? "intel" : text.StartsWith("(arm_smmu") ? "arm-smmu-v3" : text.StartsWith("(amd_iommu") ? "amd" : null;

    private static bool TrySplit(
        ReadOnlySpan<char> line, out int pid, out int cpu, out int level, out long time, out ReadOnlySpan<char> name, out ReadOnlySpan<char> text)
    {
        (pid, cpu, level, time) = (0, 0, 0, 0);
        name = text = default;
        var open = line.IndexOf(" [");
        while (open >= 0 && !(line[(open + 2)..].IndexOf(']') is > 0 and var length && int.TryParse(line.Slice(open + 2, length), NumberStyles.None, CultureInfo.InvariantCulture, out cpu)))
        {
            var next = line[(open + 2)..].IndexOf(" [");
            open = next < 0 ? -1 : open + 2 + next;
        }

        if (open < 0)
            return false;
        var task = line[..open].Trim();
        if (task.EndsWith(")") && task.LastIndexOf('(') is > 0 and var group)
            task = task[..group].TrimEnd();
        if (!int.TryParse(task[(task.LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out pid))
            return false;
        text = line[(open + 2 + line[(open + 2)..].IndexOf(']') + 1)..];
        for (var words = 0; words < 2; words++)
        {
            text = text.TrimStart();
            var end = text.IndexOf(' ');
            if (end <= 0)
                return false;
            var word = text[..end];
            text = text[end..];
            if (word[^1] == ':' && LogText.TryMicroseconds(word[..^1], out time))
            {
                text = text.TrimStart();
                var colon = text.IndexOf(": ");
                if (colon < 0 && text.EndsWith(":"))
                    colon = text.Length - 1;
                if (colon <= 0)
                    return false;
                name = text[..colon];
                name = name[(name.LastIndexOf(':') + 1)..];
                text = text[(colon + 1)..].TrimStart();
                return !name.IsEmpty && !name.Contains(' ');
            }

            level = Level(word);
        }

        return false;
    }

    // The third flag says what was interrupted (Documentation/trace/ftrace.rst, "hardirq/softirq").
    private static int Level(ReadOnlySpan<char> flags) => flags.Length < 3 ? 0 : flags[2] switch { 's' => 1, 'h' or 'H' => 2, 'z' or 'Z' => 3, _ => 0 };

    private string Name(ReadOnlySpan<char> name, ReadOnlySpan<char> text)
    {
        if (name is "map")
            return text.StartsWith("IOMMU") ? "iommu.map" : "kp.map";
        if (name is "unmap")
            return text.StartsWith("IOMMU") ? "iommu.unmap" : "kp.unmap";
        var lookup = _names.GetAlternateLookup<ReadOnlySpan<char>>();
        if (lookup.TryGetValue(name, out var known))
            return known;
        if (_names.Count == MaxEventNames)
            throw _lines.Wrong($"more than {MaxEventNames} different events");
        known = name.ToString();
        _names.Add(known, known);
        return known;
    }

    private TraceEvent Descriptor(TraceEvent begun, ReadOnlySpan<char> text)
    {
        Span<Range> words = stackalloc Range[7];
        if (text.Split(words, ' ', StringSplitOptions.RemoveEmptyEntries) < 4 || !LogText.TryHex(text[words[2]], out var first) || !LogText.TryHex(text[words[3]], out var second))
            throw _lines.Wrong("qi_submit without a descriptor (TYPE UNIT: QW0 QW1 ...)");
        return begun with { Descriptor0 = first, Descriptor1 = second };
    }

    private TraceEvent Checked(TraceEvent e) => e.Size is > 0 and <= MaxRange && e.Iova <= ulong.MaxValue - e.Size && (e.Iova & 0xfff) == 0
        ? e
        : throw _lines.Wrong($"0x{e.Size:x} bytes at 0x{e.Iova:x} are no range of pages of up to 0x{MaxRange:x} bytes");

    private string Device(ReadOnlySpan<char> text, string label) =>
        LogText.TryWord(text, label, out var word) ? word.ToString() : throw Missing(label);

    private ulong Hex(ReadOnlySpan<char> text, string label) => LogText.TryHex(text, label, out var value) ? value : throw Missing(label);

    private static ulong HexOrZero(ReadOnlySpan<char> text, string label) => LogText.TryHex(text, label, out var value) ? value : 0;

    private ulong Decimal(ReadOnlySpan<char> text, string label) => LogText.TryDecimal(text, label, out var value) ? value : throw Missing(label);

    private InvalidDataException Missing(string label) => _lines.Wrong($"the event has no usable '{label}'");
}
