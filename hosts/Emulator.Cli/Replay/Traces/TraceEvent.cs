using Emulator.Hardware.DmaApi;
using Emulator.Hardware.Drivers;
using Emulator.Hardware.PageTables;

namespace Emulator.Cli.Replay.Traces;

/// <summary>One event of a trace. Which members are set depends on <see cref="Kind"/>; the others are zero or null.</summary>
public readonly record struct TraceEvent
{
    /// <summary>What it is.</summary>
    public TraceEventKind Kind { get; init; }

    /// <summary>The name that it is counted under: the event's, with <c>iommu.</c> or <c>kp.</c> before <c>map</c> and <c>unmap</c>, which are
    /// tracepoints and kprobes of one name.</summary>
    public required string Name { get; init; }

    /// <summary>When, in microseconds of the trace's clock.</summary>
    public long Time { get; init; }

    /// <summary>The CPU.</summary>
    public int Cpu { get; init; }

    /// <summary>The task; 0 is the idle task of each CPU.</summary>
    public int Pid { get; init; }

    /// <summary>What the CPU was doing: 0 a task, 1 a softirq, 2 a hard interrupt, 3 an NMI. 0 where the trace has no flags.</summary>
    public int Level { get; init; }

    /// <summary>The device's name, such as <c>0000:00:03.0</c>.</summary>
    public string? Device { get; init; }

    /// <summary>What user space wrote.</summary>
    public string? Mark { get; init; }

    /// <summary>The group's number.</summary>
    public int Group { get; init; }

    /// <summary>The domain: its address in the traced kernel.</summary>
    public ulong Domain { get; init; }

    /// <summary>The domain's type.</summary>
    public DomainType DomainType { get; init; }

    /// <summary>First input address.</summary>
    public ulong Iova { get; init; }

    /// <summary>First output address.</summary>
    public ulong Physical { get; init; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; init; }

    /// <summary>Bytes that an unmap removed.</summary>
    public ulong Unmapped { get; init; }

    /// <summary>Where in its page what is to be mapped begins (DMA API); may be more than a page.</summary>
    public ulong Offset { get; init; }

    /// <summary>Segments of a scatter list (DMA API).</summary>
    public int Segments { get; init; }

    /// <summary>Which way data goes (DMA API).</summary>
    public DmaDirection Direction { get; init; }

    /// <summary>What a mapping allows.</summary>
    public Protection Protection { get; init; }

    /// <summary>First quadword of an invalidation descriptor.</summary>
    public ulong Descriptor0 { get; init; }

    /// <summary>Second quadword of an invalidation descriptor.</summary>
    public ulong Descriptor1 { get; init; }

    /// <summary>The flow of execution: the task, or for the idle task its CPU.</summary>
    public int Flow => Pid != 0 ? Pid : -1 - Cpu;

    /// <summary>The IOMMU that the event speaks of by a driver's name; null when it does not.</summary>
    public string? Iommu { get; init; }
}
