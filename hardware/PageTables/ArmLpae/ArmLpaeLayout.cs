using System.Numerics;
using Emulator.Hardware.Drivers;

namespace Emulator.Hardware.PageTables.ArmLpae;

/// <summary>What a configuration comes to: sizes cut to the granule, levels, the size of the first table, and the fields of TCR or VTCR.</summary>
/// <remarks>Source: Linux drivers/iommu/io-pgtable-arm.c, arm_lpae_alloc_pgtable and the alloc functions of the formats, 6.1 and 6.12.</remarks>
public sealed class ArmLpaeLayout
{
    /// <summary>Levels at most.</summary>
    public const int MaxLevels = 4;

    /// <summary>The level that holds pages.</summary>
    public const int LastLevel = MaxLevels - 1;

    /// <summary>First tables that stage 2 puts side by side at most.</summary>
    public const ulong MaxConcatenatedTables = 16;

    private const ulong CpuPage = 4096;
    private readonly int _bitsPerLevel;

    private ArmLpaeLayout(ArmLpaeConfig config, ArmLpaeControls controls, int startLevel, int rootBits)
    {
        (Config, Controls, StartLevel, RootIndexBits) = (config, controls, startLevel, rootBits);
        GranuleShift = BitOperations.TrailingZeroCount(config.PageSizeBitmap);
        _bitsPerLevel = GranuleShift - 3;
    }

    /// <summary>MAIR: attribute 0 non-cacheable, 1 write-back, 2 device, 3 outer write-back only. The upper half is ones, since the kernel's constant
    /// for attribute 3 is sign-extended.</summary>
    public static ulong MemoryAttributes => 0xffff_ffff_f404_ff44;

    /// <summary>AS_MEMATTR of a Mali GPU.</summary>
    public static ulong MaliMemoryAttributes => 0x888d88;

    /// <summary>The configuration with sizes cut to what the granule can do.</summary>
    public ArmLpaeConfig Config { get; }

    /// <summary>The fields for TCR or VTCR; of no meaning for Mali.</summary>
    public ArmLpaeControls Controls { get; }

    /// <summary>Level of the first table, 0 to 3.</summary>
    public int StartLevel { get; }

    /// <summary>Index bits of the first table, concatenation included.</summary>
    public int RootIndexBits { get; }

    /// <summary>Bytes of the first table; at stage 2 it may be several side by side.</summary>
    public ulong RootBytes => 8UL << RootIndexBits;

    /// <summary>Bytes that are allocated for the first table: the kernel's allocator gives whole pages.</summary>
    public ulong RootAllocation => Math.Max(RootBytes, CpuPage);

    /// <summary>log2 of the smallest page: 12, 14 or 16.</summary>
    public int GranuleShift { get; }

    /// <summary>Bytes of every table but the first.</summary>
    public ulong TableBytes => 1UL << GranuleShift;

    /// <summary>Entries of every table but the first.</summary>
    public ulong EntriesPerTable => 1UL << _bitsPerLevel;

    /// <summary>Whether this is stage 1, 64- or 32-bit.</summary>
    public bool IsStage1 => Config.Format is ArmLpaeFormat.Arm64Stage1 or ArmLpaeFormat.Arm32Stage1;

    /// <summary>Whether this is stage 2, 64- or 32-bit.</summary>
    public bool IsStage2 => Config.Format is ArmLpaeFormat.Arm64Stage2 or ArmLpaeFormat.Arm32Stage2;

    /// <summary>Settles a configuration.</summary>
    /// <param name="config">What is asked for.</param>
    /// <returns>What it comes to, or null when the format refuses it.</returns>
    public static ArmLpaeLayout? Settle(ArmLpaeConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (Restrict(config) is not { } settled)
            return null;
        var granuleShift = BitOperations.TrailingZeroCount(settled.PageSizeBitmap);
        var bitsPerLevel = granuleShift - 3;
        var bits = settled.InputBits - granuleShift;
        var levels = (bits + bitsPerLevel - 1) / bitsPerLevel;
        var startLevel = MaxLevels - levels;
        var rootBits = bits - (bitsPerLevel * (levels - 1));
        var stage2 = settled.Format is ArmLpaeFormat.Arm64Stage2 or ArmLpaeFormat.Arm32Stage2;
        if (stage2 && startLevel == 0 && 1UL << rootBits <= MaxConcatenatedTables)
        {
            rootBits += bitsPerLevel;
            startLevel = 1;
        }
        else if (settled.Format == ArmLpaeFormat.Mali && startLevel > 0)
        {
            (startLevel, rootBits) = (0, 0);
        }

        return MakeControls(settled, granuleShift, startLevel, stage2) is { } controls ? new ArmLpaeLayout(settled, controls, startLevel, rootBits) : null;
    }

    /// <summary>Whether the bits above the input size are zeros, or ones for a table of the upper half.</summary>
    public bool InRange(ulong iova)
    {
        var above = (long)iova >> Config.InputBits;
        return ((Config.Quirks & ArmLpaeQuirks.UpperHalf) != 0 ? ~above : above) == 0;
    }

    /// <summary>Bytes that one entry covers.</summary>
    /// <param name="level">Level of the entry's table, 0 to 3.</param>
    public ulong BlockSize(int level) => 1UL << Shift(level);

    /// <summary>Index of an address's entry in its table.</summary>
    /// <param name="iova">The address.</param>
    /// <param name="level">Level of the table, 0 to 3.</param>
    public ulong Index(ulong iova, int level) => (iova >> Shift(level)) & ((1UL << (level == StartLevel ? RootIndexBits : _bitsPerLevel)) - 1);

    /// <summary>Entries from an index to the end of its table; of concatenated first tables each counts for itself.</summary>
    public ulong EntriesFrom(ulong index) => EntriesPerTable - (index & (EntriesPerTable - 1));

    // arm_lpae_restrict_pgsizes and the checks of the alloc functions.
    private static ArmLpaeConfig? Restrict(ArmLpaeConfig config)
    {
        var (bitmap, maxBits) = (config.PageSizeBitmap, 48);
        switch (config.Format)
        {
            case ArmLpaeFormat.Arm32Stage1 when config.InputBits > 32 || config.OutputBits > 40:
            case ArmLpaeFormat.Arm32Stage2 when config.InputBits > 40 || config.OutputBits > 40:
            case ArmLpaeFormat.Mali when config.InputBits > 48 || config.OutputBits > 40:
            case ArmLpaeFormat.Arm64Stage2 or ArmLpaeFormat.Arm32Stage2 or ArmLpaeFormat.Mali when config.Quirks != ArmLpaeQuirks.None:
                return null;
            case ArmLpaeFormat.Arm32Stage1 or ArmLpaeFormat.Arm32Stage2 or ArmLpaeFormat.Mali:
                bitmap &= 0x4020_1000;
                break;
        }

        if (config.Kernel == KernelVersion.Linux61 && (config.Quirks & ArmLpaeQuirks.HardwareDirty) != 0)
            return null;
        var below = bitmap & (CpuPage - 1);
        var above = bitmap & ~(CpuPage - 1);
        var granule = (bitmap & CpuPage) != 0 ? CpuPage
            : below != 0 ? 1UL << (63 - BitOperations.LeadingZeroCount(below))
            : above & (0 - above);
        switch (granule)
        {
            case 1 << 12:
                bitmap &= (1UL << 12) | (1UL << 21) | (1UL << 30);
                break;
            case 1 << 14:
                bitmap &= (1UL << 14) | (1UL << 25);
                break;
            case 1 << 16:
                maxBits = 52;
                bitmap &= (1UL << 16) | (1UL << 29) | (config.OutputBits > 48 ? 1UL << 42 : 0);
                break;
            default:
                return null;
        }

        return config with { PageSizeBitmap = bitmap, InputBits = Math.Min(config.InputBits, maxBits), OutputBits = Math.Min(config.OutputBits, maxBits) };
    }

    private static ArmLpaeControls? MakeControls(ArmLpaeConfig config, int granuleShift, int startLevel, bool stage2)
    {
        if (config.Format == ArmLpaeFormat.Mali)
            return default(ArmLpaeControls);
        var outerWriteBack = (config.Quirks & ArmLpaeQuirks.OuterWriteBack) != 0;
        if (config.CoherentWalk && outerWriteBack)
            return null;
        var outputSize = config.OutputBits switch { 32 => 0, 36 => 1, 40 => 2, 42 => 3, 44 => 4, 48 => 5, 52 => 6, _ => -1 };
        if (outputSize < 0)
            return null;
        var upper = (config.Quirks & ArmLpaeQuirks.UpperHalf) != 0;
        var granule = granuleShift switch { 12 => upper ? 2 : 0, 14 => upper ? 1 : 2, _ => upper ? 3 : 1 };
        var coherent = config.CoherentWalk ? 1 : 0;
        var startField = stage2 ? ~(granuleShift == 12 ? startLevel + 1 : startLevel) & 3 : 0;
        return new ArmLpaeControls(
            (byte)outputSize, (byte)granule, (byte)(2 + coherent), (byte)(outerWriteBack ? 1 : coherent), (byte)coherent, (byte)(64 - config.InputBits), (byte)startField);
    }

    private int Shift(int level) => GranuleShift + ((LastLevel - level) * _bitsPerLevel);
}
