namespace Emulator.Hardware.Iommus.S390;

/// <summary>A PCI function as CALL LOGICAL PROCESSOR describes it. Its function ID is its place in <see cref="S390Options.Functions"/>.</summary>
public sealed record S390Function
{
    /// <summary>Bit 31 of a function handle: the function is enabled.</summary>
    public const uint EnabledHandle = 0x8000_0000;

    /// <summary>The function handle while disabled; enabled it has <see cref="EnabledHandle"/> too.</summary>
    public required uint Handle { get; init; }

    /// <summary>Lowest IOVA of the function (SDMA); QEMU's and most machines' value.</summary>
    public ulong Start { get; init; } = 0x1_0000_0000;

    /// <summary>Highest IOVA of the function, inclusive (EDMA); QEMU's value.</summary>
    public ulong End { get; init; } = 0x01ff_ffff_ffff_ffff;

    /// <summary>A hypervisor shadows the tables: every map needs an RPCIT.</summary>
    public bool NeedsRefresh { get; init; }

    /// <summary>Relaxed translation: an IOTA without translation passes IOVA X to X - SDMA.</summary>
    public bool RelaxedTranslation { get; init; }

    /// <summary>An internal shared memory device, whose limit may be one page beyond <see cref="End"/>.</summary>
    public bool IsInternalSharedMemory { get; init; }
}
