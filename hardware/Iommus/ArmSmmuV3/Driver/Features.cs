using System.Numerics;
using Emulator.Hardware.Registers;

namespace Emulator.Hardware.Iommus.ArmSmmuV3.Driver;

/// <summary>What the driver made of the identification registers (arm_smmu_device_hw_probe).</summary>
internal sealed record Features
{
    private static readonly int[] OutputSizes = [32, 36, 40, 42, 44, 48, 52];

    public required bool TwoLevelStreamTable { get; init; }

    public required bool TwoLevelContextTable { get; init; }

    public required bool Pri { get; init; }

    public required bool Ats { get; init; }

    public required bool Hyp { get; init; }

    /// <summary>HYP, used by a kernel at EL2 with VHE.</summary>
    public required bool E2H { get; init; }

    public required bool Coherent { get; init; }

    public required bool MsiPolling { get; init; }

    public required bool Stalls { get; init; }

    public required bool StallForced { get; init; }

    public required bool Stage1 { get; init; }

    public required bool Stage2 { get; init; }

    /// <summary>IDR1 27: incoming attributes can be overridden, SHCFG is meaningful.</summary>
    public required bool AttributeOverride { get; init; }

    public required bool RangeInvalidation { get; init; }

    public required bool LargeInput { get; init; }

    public required int AsidBits { get; init; }

    public required int VmidBits { get; init; }

    public required int SubstreamIdBits { get; init; }

    public required int StreamIdBits { get; init; }

    public required int CommandQueueLog2 { get; init; }

    public required int EventQueueLog2 { get; init; }

    public required int PageRequestQueueLog2 { get; init; }

    public required ulong PageSizeBitmap { get; init; }

    /// <summary>Bits of intermediate addresses: stage 1's output, stage 2's input.</summary>
    public required int IntermediateBits { get; init; }

    public required int OutputBits { get; init; }

    /// <summary>Bytes of the smallest page.</summary>
    public ulong SmallestPage => 1UL << BitOperations.TrailingZeroCount(PageSizeBitmap);

    /// <summary>Decodes the registers.</summary>
    /// <returns>Null for an SMMU that the driver refuses (ENXIO).</returns>
    public static Features? Decode(ulong idr0, ulong idr1, ulong idr3, ulong idr5, ArmSmmuV3DriverOptions options)
    {
        var tableFormats = idr0.Number(3, 2);
        if (!idr0.Bit(0) && !idr0.Bit(1) || tableFormats is not (2 or 3) || idr0.Number(22, 21) is not (0 or 2))
            return null;
        // Preset tables and queues, and relative addresses, are for SMMUs that are set up by others.
        if ((idr1 & (1UL << 28 | 1UL << 29 | 1UL << 30)) != 0)
            return null;
        var commandLog2 = Math.Min(options.MaxQueueBytesLog2 - 4, idr1.Number(25, 21));
        if (commandLog2 <= BitOperations.Log2(CommandQueue.BatchEntries))
            return null;
        var outputCode = idr5.Number(2, 0);
        var outputBits = outputCode < OutputSizes.Length ? OutputSizes[outputCode] : 48;
        var pages = (idr5.Bit(6) ? 1UL << 16 | 1UL << 29 : 0) | (idr5.Bit(5) ? 1UL << 14 | 1UL << 25 : 0) | (idr5.Bit(4) ? 1UL << 12 | 1UL << 21 | 1UL << 30 : 0);
        if (outputBits == 52)
            pages |= 1UL << 42;
        var stallModel = idr0.Number(25, 24);
        var streamIdBits = idr1.Number(5, 0);
        return new Features
        {
            TwoLevelStreamTable = idr0.Number(28, 27) == 1 && streamIdBits > StreamTable.Split,
            TwoLevelContextTable = idr0.Bit(19),
            Pri = idr0.Bit(16),
            Ats = idr0.Bit(10),
            Hyp = idr0.Bit(9),
            E2H = idr0.Bit(9) && options.CpuHasVhe,
            Coherent = options.FirmwareCoherent,
            MsiPolling = idr0.Bit(13) && options.FirmwareCoherent && options.MsiPolling,
            Stalls = stallModel is 0 or 2,
            StallForced = stallModel == 2,
            Stage1 = idr0.Bit(1),
            Stage2 = idr0.Bit(0),
            AttributeOverride = idr1.Bit(27),
            RangeInvalidation = idr3.Bit(10),
            LargeInput = idr5.Number(11, 10) == 1,
            AsidBits = idr0.Bit(12) ? 16 : 8,
            VmidBits = idr0.Bit(18) ? 16 : 8,
            SubstreamIdBits = idr1.Number(10, 6),
            StreamIdBits = streamIdBits,
            CommandQueueLog2 = commandLog2,
            EventQueueLog2 = Math.Min(options.MaxQueueBytesLog2 - 5, idr1.Number(20, 16)),
            PageRequestQueueLog2 = Math.Min(options.MaxQueueBytesLog2 - 4, idr1.Number(15, 11)),
            PageSizeBitmap = pages,
            IntermediateBits = Math.Max(tableFormats == 3 ? 40 : 0, outputBits),
            OutputBits = outputBits,
        };
    }
}
