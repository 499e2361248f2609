using Emulator.Hardware.Dma;

namespace Emulator.Hardware.Iommus.ArmSmmu.Driver;

/// <summary>What the driver is told by module parameters, firmware and the kernel's configuration.</summary>
public sealed record ArmSmmuDriverOptions
{
    /// <summary>The architecture that firmware names (its compatible string): 1 or 2.</summary>
    public int Version { get; init; } = 2;

    /// <summary>The implementation that firmware names.</summary>
    public ArmSmmuModel Model { get; init; }

    /// <summary>Module parameter <c>disable_bypass</c>, on by default (CONFIG_ARM_SMMU_DISABLE_BYPASS_BY_DEFAULT): streams without a domain are refused.</summary>
    public bool DisableBypass { get; init; } = true;

    /// <summary>Module parameter <c>force_stage</c>: 1 ignores stage 2, 2 ignores stage 1; other values nothing.</summary>
    public int ForceStage { get; init; }

    /// <summary>Firmware says that walks are coherent with the CPUs' caches.</summary>
    public bool FirmwareCoherent { get; init; } = true;

    /// <summary>Device-tree property <c>stream-match-mask</c>: StreamID bits that no device's entry compares.</summary>
    public ushort StreamMatchMask { get; init; }

    /// <summary>Streams that firmware set up before and that stay untouched (IORT RMR).</summary>
    public IReadOnlyList<StreamId> ReservedStreams { get; init; } = [];

    /// <summary>Context interrupts that firmware lists; 0 for as many as there are banks. Version 2 needs one for each bank.</summary>
    public int ContextInterrupts { get; init; }

    /// <summary>The old <c>mmu-masters</c> binding: default domains are identity, and there is no DMA API.</summary>
    public bool LegacyBinding { get; init; }

    /// <summary>A 64-bit kernel: it prefers AArch64 tables. A 32-bit one, built for long descriptors (CONFIG_ARM_LPAE), takes AArch32 ones where they exist.</summary>
    public bool Is64BitKernel { get; init; } = true;

    /// <summary>6.1: the kernel has default domains. Without them (32-bit kernels without the DMA layer) a detach does not reach the driver.</summary>
    public bool HasDefaultDomains { get; init; } = true;
}
