namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>What the driver is told by module parameters, firmware and the CPU.</summary>
public sealed record ArmSmmuV3DriverOptions
{
    /// <summary>6.1's module parameter <c>disable_bypass</c>: streams without a domain are aborted. 6.12 has no such parameter and always does.</summary>
    public bool DisableBypass { get; init; } = true;

    /// <summary>Firmware says that the SMMU is coherent with the CPUs' caches.</summary>
    public bool FirmwareCoherent { get; init; } = true;

    /// <summary>Firmware describes the devices behind the SMMU. Without that 6.1 leaves the SMMU off when <see cref="DisableBypass"/> is off too.</summary>
    public bool FirmwareDescribesStreams { get; init; } = true;

    /// <summary>The CPU runs the kernel at EL2 with VHE: with IDR0.HYP, stage-1 streams then live in the EL2-E2H world.</summary>
    public bool CpuHasVhe { get; init; }

    /// <summary>Bits of the kernel's virtual addresses, the limit of stage 1's input: 39, 42, 47, 48 or 52.</summary>
    public int VirtualAddressBits { get; init; } = 48;

    /// <summary>With IDR0.MSI and coherence, wait for CMD_SYNC by its MSI write rather than by CMDQ_CONS (<c>disable_msipolling</c> turns it off).</summary>
    public bool MsiPolling { get; init; } = true;

    /// <summary>log2 of the largest queue in bytes (Q_MAX_SZ_SHIFT: 4 KiB pages and CONFIG_CMA_ALIGNMENT 8).</summary>
    public int MaxQueueBytesLog2 { get; init; } = 20;

    /// <summary>Reads of a poll before it times out; stands for the kernel's second.</summary>
    public int PollLimit { get; init; } = 1000;
}
